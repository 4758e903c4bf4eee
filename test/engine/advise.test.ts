/** Advice from the engine, with the pocket experts. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Advice, AdviseOutcome, AdviseProgress } from '../../src/protocol/advice.ts';
import type { MixSetting } from '../../src/protocol/engine.ts';
import { root, setting, temporaryFolder } from '../programs.ts';
import { ask, changedModel, engineForFile, failed, generated } from './bench.ts';

const bench = engineForFile();
const file = (name: string) => ({ name, text: readFileSync(join(root, name), 'utf8').slice(0, 900) });
const texts = [file('src/core/weights.ts'), file('src/core/sampler.ts')];
const request = { texts, memoryLimit: 1e9 };
const off = { active: false } as const;
const three: MixSetting = {
  experts: [setting('math', off), setting('code', off), setting('general', off)],
  pool: { kind: 'linear' },
  weighting: 'fixed',
};

function advised(outcome: AdviseOutcome): Advice {
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.advice;
}

describe('advice', () => {
  it('measures experts that are not loaded, tells how far it is, and leaves none of them loaded', async () => {
    const { engine } = bench;
    engine.configure(three);
    const told: AdviseProgress[] = [];
    const advice = advised(await engine.advise(request, { onProgress: (progress) => told.push(progress) }));
    const alone = advice.rows.filter(({ kind }) => kind === 'alone');
    expect(alone.map(({ members }) => members[0]?.id)).toEqual(['code', 'general', 'math']);
    expect(alone[2]?.bitsPerByte).toBeGreaterThan(1.5 * (alone[0]?.bitsPerByte ?? 0));
    expect(advice.chosen?.members.map(({ id }) => id)).not.toContain('math');
    expect(advice.sample).toMatchObject({ texts: 2 });
    expect(told.map(({ done }) => done)).toEqual([...told.map(({ done }) => done)].sort((a, b) => a - b));
    expect(new Set(told.map(({ expert }) => expert))).toEqual(new Set(['math', 'code', 'general', '']));
    expect(bench.statuses.every(({ state }) => state.kind === 'off')).toBe(true);
  });

  it('loads no expert that is larger than the limit, and says so', async () => {
    const { engine } = bench;
    engine.configure(three);
    const advice = advised(await engine.advise({ texts, memoryLimit: 1e6 }));
    expect(advice.rows).toEqual([]);
    expect(advice.chosen).toBeUndefined();
    expect(advice.unmeasured.map(({ failure }) => failure.code)).toEqual(Array(3).fill('out-of-memory'));
  });

  it('never goes over the limit for the set, which without it is larger, whatever the order of the experts', async () => {
    const { engine } = bench;
    const experts = [setting('general', off), setting('code', off)];
    engine.configure({ ...three, experts });
    const free = advised(await engine.advise(request));
    engine.configure({ ...three, experts: experts.toReversed() });
    const bound = advised(await engine.advise({ texts, memoryLimit: 150e6 }));
    expect(free.chosen?.members.length).toBe(2);
    expect(bound.chosen?.members.length).toBe(1);
    expect(bound.rows.slice(0, 2)).toEqual(free.rows.slice(0, 2));
    expect(bound.rows.at(-1)).toEqual({ ...free.rows.at(-1), kind: 'over-limit' });
  });

  it('does not mix experts of different vocabularies, and compares them all the same', async () => {
    const { engine } = bench;
    const folder = changedModel(temporaryFolder(), 'tokenizer.json', (json) => {
      const model = json.model as { vocab: Record<string, number> };
      const [last = ''] = Object.keys(model.vocab).filter((token) => /^Ġ?[a-z]{7,}$/.test(token));
      const { [last]: id, ...vocab } = model.vocab;
      return { ...json, model: { ...model, vocab: { ...vocab, 'another-word': id } } };
    });
    const other = setting('other', { ...off, folder });
    engine.configure({ ...three, experts: [setting('code', off), other] });
    const advice = advised(await engine.advise(request));
    expect(advice.unmeasured).toEqual([]);
    expect(new Set(advice.rows.map(({ vocabulary }) => vocabulary)).size).toBe(2);
    for (const { members } of advice.rows.filter((row) => row.members.length > 1))
      expect(members.map(({ id }) => id)).not.toContain('other');
  });

  it('goes on without an expert that cannot be loaded', async () => {
    const { engine } = bench;
    const gone = setting('gone', { ...off, folder: join(root, 'nowhere') });
    engine.configure({ ...three, experts: [setting('code', off), gone] });
    const advice = advised(await engine.advise(request));
    expect(advice.unmeasured.map(({ id }) => id)).toEqual(['gone']);
    expect(advice.chosen?.members).toEqual([{ id: 'code', weight: 1 }]);
  });

  it('lets a completion go first, between two pieces of one expert', async () => {
    const { engine } = bench;
    engine.configure({ ...three, experts: [setting('code')] });
    const order: string[] = [];
    const prompt = { kind: 'text', text: 'const a =' } as const;
    let asked: Promise<unknown> | undefined;
    await engine.advise(request, {
      onProgress: ({ stage }) => {
        if (stage !== 'reading') return;
        order.push('piece');
        asked ??= engine
          .generate(ask('', { surface: 'completion', prompt, maxTokens: 2 }))
          .then((outcome) => order.push(`completion of ${generated(outcome).ids.length}`));
      },
    });
    await asked;
    const at = order.indexOf('completion of 2');
    expect(at).toBeGreaterThan(0);
    expect(order.slice(at + 1).filter((what) => what === 'piece').length).toBeGreaterThan(3);
  });

  it('stops when it is cancelled, and the engine goes on', async () => {
    const { engine } = bench;
    engine.configure({ ...three, experts: [setting('code'), setting('math', off)] });
    const cancel = new AbortController();
    const outcome = await engine.advise(request, {
      signal: cancel.signal,
      onProgress: ({ stage }) => {
        if (stage === 'reading') cancel.abort();
      },
    });
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'cancelled' } });
    expect(generated(await engine.generate(ask('What is 2 + 3?', { maxTokens: 2 }))).ids).toHaveLength(2);
  });

  it('refuses texts that are too short to judge by', async () => {
    const { engine } = bench;
    engine.configure(three);
    const outcome = await engine.advise({ texts: [{ name: 'a', text: 'const a = 1;' }], memoryLimit: 1e9 });
    if (outcome.kind === 'advised') throw new Error('advised');
    expect(outcome.failure.message).toContain('too little text');
    expect(failed({ kind: 'failed', failure: outcome.failure }).code).toBe('request-invalid');
  });
});
