/** The engine against reference tokens and logits from PyTorch in float32 (test/golden/pocket.json). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import type { PoolSetting } from '../../src/protocol/engine.ts';
import { keeping, openKept } from '../kept-experts.ts';
import { cacheFolder, pocket, programs, root, setting } from '../programs.ts';
import { torture, tried } from '../sizes.ts';

interface Case {
  readonly name: string;
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly experts: Readonly<Record<string, Single>>;
  readonly mixes: Readonly<Record<string, Mixed>>;
}

interface Single {
  readonly topLogits: readonly (readonly [number, number])[];
  readonly promptNll: number;
  readonly greedy: readonly number[];
  readonly minGap: number;
}

interface Mixed {
  readonly pool: PoolSetting['kind'];
  readonly weights: Readonly<Record<string, number>>;
  readonly topLogProbs: readonly (readonly [number, number])[];
  readonly greedy: readonly number[];
  readonly minGap: number;
}

const golden = JSON.parse(readFileSync(join(root, 'test/golden/pocket.json'), 'utf8')) as { cases: Case[] };
/** The golden file promises exact tokens where its smallest gap is wider than this. */
const SURE = 1e-3;
const TOLERANCE = 2e-3;

const engine = createEngine(keeping);
afterAll(() => engine.dispose());

async function greedy(prompt: string, maxTokens: number) {
  const outcome = await engine.generate({
    surface: 'completion',
    prompt: { kind: 'text', text: prompt },
    maxTokens,
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
    stop: [],
    accelerate: 'none',
    trace: true,
  });
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.result;
}

const poolOf = (kind: PoolSetting['kind']): PoolSetting =>
  kind === 'power' ? { kind, exponent: 0.5 } : { kind };

const open = (name: string, precision: 'fp32' | 'q4') =>
  openKept({
    name,
    folder: pocket(name),
    precision,
    threads: 1,
    workerFile: join(programs, 'worker.js'),
    cacheFolder,
  });

describe.each(['general', 'code', 'math'])('the fp32 graph of pocket/%s', (name) => {
  it('gives the reference ids, logits and prompt log-probabilities', async () => {
    const expert = await open(name, 'fp32');
    for (const { prompt, ids, experts } of golden.cases) {
      const reference = experts[name];
      if (reference === undefined) throw new Error(`no reference for ${name}`);
      expect(expert.tokenizer.encodeWithSpecials(prompt)).toEqual(ids);
      const context = Int32Array.from(ids);
      const scores = await expert.score(context, 0);
      if (scores === 'cancelled') throw new Error('cancelled');
      const loss = -scores.slice(1).reduce((a, b) => a + b, 0);
      expect(Math.abs(loss - reference.promptNll)).toBeLessThan(TOLERANCE * ids.length ** 0.5);
      const answer = await expert.logits(context, { rows: 1 });
      if (answer === 'cancelled') throw new Error('cancelled');
      const { logits } = answer;
      for (const [id, value] of reference.topLogits)
        expect(Math.abs((logits[id] ?? 0) - value)).toBeLessThan(TOLERANCE);
    }
    await expert.dispose();
  });
});

describe.each(golden.cases.map((one, at) => ({ ...one, at })))(
  'greedy decoding of $name in fp32',
  ({ prompt, experts, mixes, at }) => {
    const all = [
      ...Object.entries(experts).map(([name, single]) => ({
        name,
        weights: { [name]: 1 },
        pool: 'linear' as const,
        ...single,
      })),
      ...Object.entries(mixes).map(([name, mix]) => ({ name, ...mix })),
    ];
    // Of each case another quarter: all nine have every mixture twice.
    const wanted = all.filter((_, i) => tried((i + at) % 4 === 0, true));
    it.each(wanted)(
      '$name gives the reference tokens',
      torture,
      async ({ weights, pool, greedy: tokens, minGap, ...rest }) => {
        engine.configure({
          experts: ['general', 'code', 'math'].map((id) =>
            setting(id, { precision: 'fp32', weight: (weights as Record<string, number>)[id] ?? 0 }),
          ),
          pool: poolOf(pool),
          weighting: 'fixed',
        });
        const { ids, trace } = await greedy(prompt, tokens.length);
        if (minGap > SURE) expect(ids).toEqual(tokens);
        if ('topLogProbs' in rest) {
          const first = rest.topLogProbs.find(([id]) => id === ids[0]);
          expect(Math.abs((trace?.[0]?.logProb ?? 0) - (first?.[1] ?? Number.NaN))).toBeLessThan(TOLERANCE);
        }
      },
    );
  },
);

describe('the q4 graphs', () => {
  it('choose the reference token nearly always on the reference path; the rate is reported', async () => {
    let same = 0;
    let all = 0;
    for (const name of ['general', 'code', 'math']) {
      const expert = await open(name, 'q4');
      for (const { ids, experts } of golden.cases) {
        const tokens = experts[name]?.greedy ?? [];
        const context = Int32Array.from([...ids, ...tokens.slice(0, -1)]);
        const answer = await expert.logits(context, { rows: tokens.length });
        if (answer === 'cancelled') throw new Error('cancelled');
        const { logits } = answer;
        for (const [row, token] of tokens.entries()) {
          const at = logits.subarray(row * expert.vocabularySize, (row + 1) * expert.vocabularySize);
          if (at.indexOf(Math.max(...at)) === token) same++;
          all++;
        }
      }
      await expert.dispose();
    }
    console.log(
      `q4 agrees with fp32 on ${same} of ${all} next tokens (${((100 * same) / all).toFixed(1)} %)`,
    );
    expect(same / all).toBeGreaterThan(0.85);
  });
});
