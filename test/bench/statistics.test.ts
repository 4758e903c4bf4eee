import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrap,
  holm,
  mcnemar,
  type Part,
  pairedDifference,
  ratio,
  wilson,
} from '../../bench/quality/statistics.ts';
import { seededRandom } from '../../src/core/index.ts';

const resampling = (rounds = 2000) => ({ random: seededRandom(7), rounds });
const ones = (values: readonly number[]): Part[] => values.map((sum) => ({ sum, weight: 1 }));

describe('the Wilson interval', () => {
  it.each([
    [8, 10, 0.4902, 0.9433],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [170, 200, 0.7939, 0.8929],
  ])('of %d of %d', (successes, total, low, high) => {
    expect(wilson(successes, total).low).toBeCloseTo(low, 4);
    expect(wilson(successes, total).high).toBeCloseTo(high, 4);
  });
});

describe('McNemar exact', () => {
  it('is the two-sided binomial tail', () => {
    expect(mcnemar(2, 10)).toBeCloseTo((2 * (1 + 12 + 66)) / 4096, 12);
    expect(mcnemar(0, 6)).toBeCloseTo(2 / 64, 12);
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(5, 5)).toBe(1);
  });

  it('does not care which method is called first', () => {
    void fc.assert(
      fc.property(fc.nat(40), fc.nat(40), (a, b) => {
        expect(mcnemar(a, b)).toBe(mcnemar(b, a));
        expect(mcnemar(a, b)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the bootstrap', () => {
  it('weighs by size: bits per byte are the sum of the bits over the sum of the bytes', () => {
    expect(
      ratio([
        { sum: 10, weight: 10 },
        { sum: 90, weight: 30 },
      ]),
    ).toBe(2.5);
  });

  it('is as wide as the normal interval of a mean, about', () => {
    const random = seededRandom(3);
    const { low, high } = bootstrap(ones(Array.from({ length: 400 }, random)), resampling());
    // 2 * 1.96 * sqrt(1/12) / sqrt(400)
    expect(high - low).toBeGreaterThan(0.045);
    expect(high - low).toBeLessThan(0.07);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
  });

  it('gives the same interval for the same seed', () => {
    const parts = ones([1, 2, 3, 9]);
    expect(bootstrap(parts, resampling())).toEqual(bootstrap(parts, resampling()));
  });
});

describe('the paired difference', () => {
  it('is certain where one is always a little better, however much the cases differ', () => {
    const second = Array.from({ length: 30 }, (_, i) => i * 10);
    const { difference, low, high, p } = pairedDifference(
      ones(second.map((value) => value - 1)),
      ones(second),
      resampling(),
    );
    expect(difference).toBeCloseTo(-1, 9);
    expect(low).toBeCloseTo(-1, 9);
    expect(high).toBeCloseTo(-1, 9);
    expect(p).toBeLessThan(0.001);
  });

  it('is nothing between equals, and open between two that win by turns', () => {
    expect(pairedDifference(ones([1, 2, 3]), ones([1, 2, 3]), resampling()).p).toBe(1);
    const turns = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    expect(pairedDifference(ones(turns), ones(turns.map(() => 0)), resampling()).p).toBeGreaterThan(0.5);
  });

  it('cannot be certain with few cases: of five the least p is 2 in 32', () => {
    const { p } = pairedDifference(ones([1, 1, 1, 1, 1]), ones([0, 0, 0, 0, 0]), resampling());
    expect(p).toBeGreaterThan(0.04);
    expect(p).toBeLessThan(0.09);
  });

  it('refuses methods that were not given the same cases', () => {
    expect(() => pairedDifference(ones([1]), ones([1, 2]), resampling())).toThrow('same cases');
    expect(() => pairedDifference(ones([1, 2]), ones([1]), resampling())).toThrow('same cases');
    expect(() => pairedDifference([{ sum: 1, weight: 2 }], ones([1]), resampling())).toThrow('same cases');
  });
});

it('corrects by Holm, in the order given', () => {
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(corrected[i]).toBeCloseTo(p, 12);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});
