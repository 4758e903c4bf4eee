import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Drafts, Expert, Mix } from '../../src/core/index.ts';
import {
  confidenceWeighting,
  fixedShareWeighting,
  fixedWeighting,
  promptLookup,
} from '../../src/core/index.ts';
import { counted, favour, markovExpert, pool, run, SIZE, table, weight } from './toy.ts';

const prompt = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1);
const weightings = fc.constantFrom(fixedWeighting, fixedShareWeighting, confidenceWeighting);

describe('guesses checked in one run', () => {
  /** Right, wrong and silly ones, in any order. */
  const guesses = fc.array(fc.array(fc.nat(SIZE - 1), { maxLength: 5 }), { minLength: 1, maxLength: 20 });

  it('leave every token, weight and probability as it is without them, whatever is guessed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(table, table, weight, pool, weightings),
        guesses,
        fc.constantFrom(0, 1, 1.7),
        fc.nat(1000),
        async ([a, b, w, rule, weighting], proposals, temperature, seed) => {
          const mix: Mix = {
            participants: [
              { expert: markovExpert('a', a), prompt, weight: w },
              { expert: markovExpert('b', b), prompt: prompt.slice(3), weight: 1 },
            ],
            pool: rule,
            weighting,
          };
          const options = {
            mix: () => mix,
            sampling: { temperature, topK: 0, topP: 1, minP: 0 },
            stopTokens: new Set([6]),
          };
          let asked = 0;
          const drafts: Drafts = {
            propose: (_, most) => (proposals[asked++ % proposals.length] ?? []).slice(0, most),
            learn: () => {},
          };
          const plain = await run(options, seed);
          const quick = await run({ ...options, drafts }, seed);
          expect(quick.tokens).toEqual(plain.tokens);
          expect(quick.end).toBe(plain.end);
          for (const [i, step] of quick.steps.entries()) {
            expect(step.weights).toEqual(plain.steps[i]?.weights);
            expect(step.logProb).toBe(plain.steps[i]?.logProb);
          }
        },
      ),
    );
  });

  it('save runs of the experts where text repeats, and cost none where it does not', async () => {
    const cycle = markovExpert(
      'cycle',
      Array.from({ length: SIZE }, (_, x) => favour((x + 1) % 3)),
    );
    const alone = counted(cycle);
    const helped = counted(cycle);
    const participants = (expert: Expert) => [{ expert, prompt, weight: 1 }];
    const options = { maxTokens: 40 };
    const plain = await run({ ...options, mix: steady(participants(alone.expert)) });
    const quick = await run({ ...options, mix: steady(participants(helped.expert)), drafts: promptLookup() });
    expect(quick.tokens).toEqual(plain.tokens);
    expect(alone.calls()).toBe(40);
    expect(helped.calls()).toBeLessThan(12);
  });

  it('end where the mix changes: a new expert has its say at the next token', async () => {
    const says = (token: number) =>
      markovExpert(
        `says ${token}`,
        Array.from({ length: SIZE }, () => favour(token)),
      );
    const first: Mix = { participants: [{ expert: says(1), prompt, weight: 1 }], pool: { kind: 'linear' } };
    const second: Mix = { participants: [{ expert: says(2), prompt, weight: 1 }], pool: { kind: 'linear' } };
    let drawn = 0;
    const { tokens } = await run({
      maxTokens: 6,
      mix: () => (drawn++ < 3 ? first : second),
      drafts: { propose: () => [1, 1, 1, 1, 1], learn: () => {} },
    });
    expect(tokens).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

describe('prompt lookup', () => {
  it('proposes what followed the last tokens before, the nearest first', () => {
    const drafts = promptLookup({ longest: 3, shortest: 2, most: 8 });
    expect(drafts.propose(Int32Array.of(1, 2, 9, 9, 1, 2, 5, 6, 1, 2), 8)).toEqual([5, 6]);
    expect(drafts.propose(Int32Array.of(1, 2, 3, 4, 5), 8)).toEqual([]);
    expect(drafts.propose(Int32Array.of(1, 2, 1, 2), 0)).toEqual([]);
    expect(drafts.propose(new Int32Array(0), 4)).toEqual([]);
  });

  it('proposes more after being right and fewer after being wrong', () => {
    const drafts = promptLookup({ longest: 2, shortest: 2, most: 8 });
    const context = Int32Array.from({ length: 40 }, (_, i) => i % 20);
    expect(drafts.propose(context, 20)).toHaveLength(2);
    drafts.learn(2, 2);
    drafts.learn(4, 4);
    expect(drafts.propose(context, 20)).toHaveLength(8);
    drafts.learn(8, 0);
    expect(drafts.propose(context, 20)).toHaveLength(2);
  });
});

function steady(participants: Mix['participants']): () => Mix {
  const mix: Mix = { participants, pool: { kind: 'linear' } };
  return () => mix;
}
