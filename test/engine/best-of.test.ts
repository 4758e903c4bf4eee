import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isLower, rerank } from '../../src/core/index.ts';
import { energiesOf } from '../../src/engine/energy.ts';
import { createSyntax } from '../../src/engine/syntax.ts';
import type { Generated, GenerateRequest } from '../../src/protocol/engine.ts';
import { programs, temporaryFolder } from '../programs.ts';
import { ask, engineForFile, even, failed, generated } from './bench.ts';

const bench = engineForFile();
const syntax = createSyntax(programs);
const sampling = { temperature: 1.2, topK: 0, topP: 1, minP: 0, seed: 3 };
const infill = {
  kind: 'infill',
  prefix: 'export function add(a: number, b: number): number {\n  ret',
  suffix: '\n}\n',
  file: 'add.ts',
} as const;

describe('syntax', () => {
  // First: what is loaded once stays loaded for all.
  it('that could not be loaded is loaded when it is wanted again', async () => {
    const folder = temporaryFolder();
    const late = createSyntax(folder);
    const add = (name: string): void => symlinkSync(join(programs, name), join(folder, name));
    await expect(late.faults('let a = 1;', 'typescript')).rejects.toThrow();
    add('tree-sitter.wasm');
    await expect(late.faults('let a = 1;', 'typescript')).rejects.toThrow(/tree-sitter-typescript\.wasm/);
    add('tree-sitter-typescript.wasm');
    expect(await late.faults('let a = 1;', 'typescript')).toBe(0);
    expect(await late.faults('let a = (;', 'typescript')).toBeGreaterThan(0);
  });

  it('counts what does not parse, in TypeScript, JSX and Python', async () => {
    expect(await syntax.faults('const a: number = f(<T>1);\n', 'typescript')).toBe(0);
    expect(await syntax.faults('const a = <b>c</b>;\n', 'tsx')).toBe(0);
    expect(await syntax.faults('def f(x):\n    return x\n', 'python')).toBe(0);
    const one = await syntax.faults('const a = f(1;\n', 'typescript');
    expect(one).toBeGreaterThan(0);
    expect(await syntax.faults('const a = f(1;\nfunction g() { return ) }\n', 'typescript')).toBeGreaterThan(
      one,
    );
    expect(await syntax.faults('def f(x:\n    retrun x x\n', 'python')).toBeGreaterThan(0);
  });
});

describe('several candidates', () => {
  it('are the answers of the seeds in turn, and none has less energy than the one chosen', async () => {
    // In int4 a prompt that is remembered and one that is read anew may differ by rounding.
    bench.engine.configure({
      ...even,
      experts: even.experts.map((expert) => ({ ...expert, precision: 'fp32' as const })),
    });
    for (const change of [{ prompt: infill, stop: ['\n'], maxTokens: 12 }, { maxTokens: 16 }]) {
      const request = ask('What is 17 + 25?', { ...change, sampling, candidates: 4 });
      let streamed = '';
      const best = generated(
        await bench.engine.generate(request, {
          onDelta: ({ text }) => {
            streamed += text;
          },
        }),
      );
      const all = best.candidates ?? [];
      const chosen = all[best.chosen ?? -1];
      expect(all).toHaveLength(4);
      expect(best.text).toBe(chosen?.text);
      expect(streamed).toBe(best.text);
      expect(best.trace).toBeUndefined();
      for (const other of all) expect(isLower(other.energy, chosen?.energy ?? [])).toBe(false);
      for (const i of [0, 3]) {
        const alone: GenerateRequest = {
          ...request,
          candidates: 1,
          sampling: { ...sampling, seed: sampling.seed + i },
        };
        expect(generated(await bench.engine.generate(alone)).text).toBe(all[i]?.text);
      }
    }
  });

  it('that were whole when the request was cancelled are chosen among, though the next one waits for its turn', async () => {
    bench.engine.configure(even);
    const stopping = new AbortController();
    const cancelled = bench.engine.generate(
      ask('What is 17 + 25?', { sampling, candidates: 2, maxTokens: 8 }),
      {
        signal: stopping.signal,
      },
    );
    const other = bench.engine.generate(ask('And 3 + 4?', { maxTokens: 8 }), {
      onDelta: () => stopping.abort(),
    });
    const best = generated(await cancelled);
    expect(stopping.signal.aborted).toBe(true);
    expect(best.candidates).toHaveLength(1);
    expect(best.text).toBe(best.candidates?.[0]?.text);
    expect(best.text).not.toBe('');
    generated(await other);
    // Without one that is whole there is nothing to choose.
    const none = bench.engine.generate(ask('Hi', { sampling, candidates: 2 }), {
      signal: AbortSignal.abort(),
    });
    expect(failed(await none).code).toBe('cancelled');
  });

  it('are compared by what all experts say, also where experts are asked lazily', async () => {
    bench.engine.configure({
      ...even,
      experts: even.experts.map((expert) => ({ ...expert, precision: 'fp32' as const })),
    });
    // The temperature at which tokens can be drawn lazily.
    const lazy = { ...sampling, temperature: 1 };
    const request = ask('What is 17 + 25?', { sampling: lazy, candidates: 4, maxTokens: 12 });
    const plain = generated(await bench.engine.generate(request));
    for (const accelerate of ['lazily', 'auto'] as const) {
      const best = generated(await bench.engine.generate({ ...request, accelerate }));
      expect(best.candidates?.map(({ text }) => text)).toEqual(plain.candidates?.map(({ text }) => text));
      expect(best.chosen).toBe(plain.chosen);
      for (const { energy } of best.candidates ?? []) expect(energy.at(-1)).toBeGreaterThan(0);
    }
  });

  it('are refused at temperature 0, where all would be the same, and in no number or too many', async () => {
    bench.engine.configure(even);
    const refusal = async (change: Partial<GenerateRequest>): Promise<string> =>
      failed(await bench.engine.generate(ask('Hi', { candidates: 3, sampling, ...change }))).message;
    expect(await refusal({ sampling: { ...sampling, temperature: 0 } })).toMatch(/temperature above 0/);
    expect(await refusal({ candidates: 0 })).toMatch(/1 to 64/);
    expect(await refusal({ candidates: 1000 })).toMatch(/1 to 64/);
  });

  it('are judged by what parses, and by what is whole and boxed', async () => {
    const given = (text: string, stop: Generated['stop'] = 'end'): Generated =>
      ({ text, stop, trace: [] }) as unknown as Generated;
    const best = async (
      prompt: GenerateRequest['prompt'],
      candidates: readonly Generated[],
    ): Promise<number> => rerank(await energiesOf(prompt, candidates, syntax));
    expect(await best(infill, [given('urn a + ('), given('urn a + b;')])).toBe(1);
    const drawn = (logProb: number): Generated =>
      ({ text: 'a', stop: 'end', trace: [{ logProb }] }) as unknown as Generated;
    expect(await best(infill, [drawn(Number.NaN), drawn(-3), drawn(-2)])).toBe(2);
    const chat = ask('').prompt;
    expect(await best(chat, [given('\\(4', 'end'), given('\\(4\\)')])).toBe(1);
    expect(await best(chat, [given('4'), given('\\boxed{4}', 'length'), given('\\boxed{5}')])).toBe(2);
    expect(await best(chat, [given('```ts\nlet a = (;\n```'), given('```ts\nlet a = 1;\n```')])).toBe(1);
  });
});
