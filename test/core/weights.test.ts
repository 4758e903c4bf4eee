import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseWeights, promptWeights } from '../../src/core/index.ts';
import { weight } from './toy.ts';

const weights = fc.array(weight, { minLength: 1, maxLength: 5 });

describe('normalised weights', () => {
  it('sum to 1 and keep their ratios', () => {
    fc.assert(
      fc.property(weights, (ws) => {
        const normal = normaliseWeights(ws);
        expect(normal.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        for (const [i, w] of ws.entries())
          expect((normal[i] ?? 0) * (ws[0] ?? 0)).toBeCloseTo(w * (normal[0] ?? 0), 9);
      }),
    );
  });

  it.each([[[-1, 2]], [[0, 0]], [[Number.NaN]], [[Number.POSITIVE_INFINITY]], [[]]])('refuse %j', (ws) => {
    expect(() => normaliseWeights(ws)).toThrow(RangeError);
  });
});

describe('what is wrong with weights', () => {
  it('is said in words', () => {
    expect(() => normaliseWeights([1, -2])).toThrow('a weight must be a number of at least 0, not -2');
    expect(() => normaliseWeights([0, 0])).toThrow('at least one weight must be above 0');
  });
});

describe('prompt weights', () => {
  it('are the posterior of Bayes at tau 1', () => {
    const [a = 0, b = 0] = promptWeights([0.9, 0.1], [Math.log(8), Math.log(2)], 1);
    expect(a).toBeCloseTo(0.9 / 8 / (0.9 / 8 + 0.1 / 2), 12);
    expect(a + b).toBeCloseTo(1, 12);
  });

  it('equal the prior where all experts foresaw the prompt alike, and far from 0 stay exact', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1e5, noNaN: true }), (ws, loss) => {
        const prior = normaliseWeights(ws);
        const posterior = promptWeights(
          prior,
          prior.map(() => loss),
          1,
        );
        for (const [i, w] of prior.entries()) expect(posterior[i]).toBeCloseTo(w, 9);
      }),
    );
  });

  it('never wake an expert of weight 0', () => {
    expect(promptWeights([1, 0], [1e6, 0], 1)).toEqual([1, 0]);
  });

  it('come closer to the prior as tau grows', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), (difference) => {
        const near = promptWeights([0.5, 0.5], [0, difference], 1)[0] ?? 0;
        const far = promptWeights([0.5, 0.5], [0, difference], 10)[0] ?? 0;
        expect(Math.abs(far - 0.5)).toBeLessThan(Math.abs(near - 0.5));
      }),
    );
  });
});
