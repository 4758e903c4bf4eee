import { describe, expect, it } from 'vitest';
import type { MixSetting } from '../../src/protocol/engine.ts';
import { folderOfFile, setting } from '../programs.ts';
import { ask, changedModel, ENDLESS, engineForFile, even, failed, generated, renamedToken } from './bench.ts';
import { renumberedModel } from './renumbered.ts';

const bench = engineForFile();

const infill = {
  kind: 'infill' as const,
  prefix: 'export function add(a: number, b: number): number {\n  ret',
  suffix: '\n}\n',
  file: 'add.ts',
};
const complete = ask('', { surface: 'completion', prompt: infill, stop: ['\n'], maxTokens: 24, trace: true });

const alike = changedModel(folderOfFile(), 'tokenizer.json', renamedToken);
const renumbered = renumberedModel(folderOfFile());
/** The code expert beside another of its kind, whose vocabulary only has another hash. */
const withAlike: MixSetting = { ...even, experts: [setting('code'), setting('alike', { folder: alike })] };
const withRenumbered: MixSetting = {
  ...even,
  experts: [setting('code'), setting('renumbered', { folder: renumbered })],
};
const mathAndRenumbered: MixSetting = {
  ...even,
  experts: [setting('math'), setting('code', { folder: renumbered })],
};

describe('experts of different vocabularies', () => {
  it('are mixed by bytes, and the result says so; those that share one stay with tokens', async () => {
    bench.engine.configure(withRenumbered);
    const result = generated(await bench.engine.generate(complete));
    expect(result.unit).toBe('byte');
    expect(result.text).toMatch(/^urn \w+/);
    expect(new TextDecoder().decode(Uint8Array.from(result.ids.filter((id) => id < 256)))).toContain(
      result.text,
    );
    expect(
      result.trace
        ?.map(({ text }) => text)
        .join('')
        .startsWith(result.text),
    ).toBe(true);
    expect(Object.values(result.shares).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    // The word at the cursor is given: one evaluation for each of its bytes, and one for each byte drawn.
    const bytes = '  ret'.length + result.ids.length;
    expect(result.evaluations).toEqual({ code: bytes, renumbered: bytes });

    bench.engine.configure({ ...even, experts: [setting('code'), setting('general')] });
    const byTokens = generated(await bench.engine.generate(complete));
    expect(byTokens.unit).toBe('token');
    expect(byTokens.evaluations).toBeUndefined();
  });

  it('agree wholly where they differ in the numbers of their tokens alone', async () => {
    bench.engine.configure(withRenumbered);
    const { trace = [] } = generated(await bench.engine.generate(complete));
    expect(trace.length).toBeGreaterThan(10);
    for (const { agreement, shares } of trace) {
      expect(agreement).toBeCloseTo(1, 3);
      expect(shares.code).toBeCloseTo(0.5, 3);
    }
    // Negative control: two experts that are not the same do not.
    bench.engine.configure(mathAndRenumbered);
    const other = generated(await bench.engine.generate(complete)).trace ?? [];
    expect(Math.min(...other.map(({ agreement }) => agreement))).toBeLessThan(0.9);
  });

  it('score a text as each does alone, at least as high as by tokens', async () => {
    const request = { prompt: infill, continuation: 'urn a + b;' };
    bench.engine.configure({ ...even, experts: [setting('code')] });
    const byTokens = await bench.engine.score(request);
    bench.engine.configure(withRenumbered);
    const byBytes = await bench.engine.score(request);
    expect(byTokens.unit).toBe('token');
    expect(byBytes).toMatchObject({ unit: 'byte', bytes: 10 });
    expect(byBytes.experts.renumbered).toBeCloseTo(byBytes.experts.code ?? Number.NaN, 2);
    expect(byBytes.logProb).toBeCloseTo(byBytes.experts.code ?? Number.NaN, 2);
    expect(byBytes.logProb).toBeGreaterThan(byTokens.logProb - 1e-3);
  });

  it('are weighed by what all their prompts end with', async () => {
    bench.engine.configure({ ...mathAndRenumbered, weighting: 'prompt' });
    expect(generated(await bench.engine.generate(complete)).weights.code).toBeGreaterThan(0.9);
    const sum = generated(await bench.engine.generate(ask('What is 17 + 25?', { maxTokens: 12 })));
    expect(sum.unit).toBe('byte');
    expect(sum.weights.math).toBeGreaterThan(0.9);
    expect(sum.text).toMatch(/^17 \+ 25/);
  });

  it('keep characters whole, whatever the limit', async () => {
    bench.engine.configure(withAlike);
    const texts: string[] = [];
    for (const maxTokens of [1, 2, 3, 4, 5, 12]) {
      const request = ask('', { prompt: { kind: 'text', text: ENDLESS }, maxTokens });
      const { text, stop } = generated(await bench.engine.generate(request));
      expect(text).not.toContain('\ufffd');
      expect(stop).toBe('length');
      texts.push(text);
    }
    for (const [i, text] of texts.slice(1).entries()) expect(text.startsWith(texts[i] ?? '?')).toBe(true);
    expect(texts.at(-1)).toContain('→');
  });

  it('end when cancelled, within a byte', async () => {
    bench.engine.configure(withAlike);
    const controller = new AbortController();
    const result = generated(
      await bench.engine.generate(ask('What is 17 + 25?'), {
        signal: controller.signal,
        onDelta: ({ tokens }) => {
          if (tokens >= 4) controller.abort();
        },
      }),
    );
    expect(result.stop).toBe('cancelled');
    expect(result.ids.length).toBeLessThanOrEqual(5);
  });

  it('let an expert of any vocabulary join and leave in the middle of an answer', async () => {
    const experts = (math: boolean) => [
      setting('code'),
      setting('renumbered', { folder: renumbered }),
      setting('math', { active: math }),
    ];
    bench.engine.configure({ ...even, experts: experts(true) });
    await bench.engine.load();
    bench.engine.configure({ ...even, experts: experts(false) });
    const request = ask('', { prompt: { kind: 'text', text: ENDLESS }, maxTokens: 60, trace: true });
    let count = 0;
    const { trace = [] } = generated(
      await bench.engine.generate(request, {
        onDelta: () => {
          count++;
          if (count === 50) bench.engine.configure({ ...even, experts: experts(true) });
          if (count === 55) bench.engine.configure({ ...even, experts: experts(true).slice(0, 1) });
        },
      }),
    );
    const seen = new Set(trace.map(({ evaluated }) => evaluated.join()));
    expect([...seen].sort()).toEqual(expect.arrayContaining(['code', 'code,renumbered']));
    expect(trace.at(-1)?.evaluated).toEqual(['code']);
  });

  it('still say which expert’s prompt does not fit', async () => {
    bench.engine.configure(withAlike);
    expect(failed(await bench.engine.generate(ask('word '.repeat(3000)))).code).toBe('context-full');
  });
});
