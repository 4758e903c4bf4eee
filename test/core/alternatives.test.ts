/** The most probable tokens that a step names beside the one that was drawn. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markovExpert, pool, run, SIZE, table, weight } from './toy.ts';

const prompt = Int32Array.of(0);
const sampling = { temperature: 1, topK: 2, topP: 0.5, minP: 0 } as const;

describe('alternatives', () => {
  it('are the pool itself, most probable first: of all tokens the masses sum to 1, and the drawn one is among them', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, weight, pool, fc.nat(1000), async (a, b, w, rule, seed) => {
        const mix = {
          participants: [
            { expert: markovExpert('a', a), prompt, weight: w },
            { expert: markovExpert('b', b), prompt, weight: 1 },
          ],
          pool: rule,
        };
        const { steps, tokens } = await run({ mix: () => mix, sampling, alternatives: SIZE }, seed);
        for (const { token, logProb, alternatives = [] } of steps) {
          const logProbs = alternatives.map((one) => one.logProb);
          expect(logProbs).toEqual([...logProbs].sort((x, y) => y - x));
          expect(logProbs.reduce((mass, x) => mass + Math.exp(x), 0)).toBeCloseTo(1, 9);
          expect(alternatives.find((one) => one.token === token)?.logProb).toBe(logProb);
        }
        // Looking changes nothing, and nobody looks unasked.
        const unasked = await run({ mix: () => mix, sampling }, seed);
        expect(unasked.tokens).toEqual(tokens);
        expect(unasked.steps.every((step) => !('alternatives' in step))).toBe(true);
        const two = await run({ mix: () => mix, sampling, alternatives: 2 }, seed);
        expect(two.steps.map(({ alternatives }) => alternatives)).toEqual(
          steps.map(({ alternatives = [] }) => alternatives.slice(0, 2)),
        );
      }),
      { numRuns: 30 },
    );
  });
});
