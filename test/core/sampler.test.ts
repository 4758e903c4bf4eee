import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greedy, type Sampling, sample, seededRandom } from '../../src/core/index.ts';
import { distribution, logitRow, SIZE } from './toy.ts';

const plain: Sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };

/** Pearson's statistic of `draws` samples against `expected`, over tokens that can be drawn. */
function chiSquare(expected: Float64Array, sampling: Sampling, draws: number, seed: number): number {
  const random = seededRandom(seed);
  const counts = new Float64Array(expected.length);
  for (let i = 0; i < draws; i++) {
    const token = sample(Float64Array.from(expected), sampling, random);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  let sum = 0;
  for (const [x, p] of expected.entries()) {
    if (p > 0) sum += ((counts[x] ?? 0) - draws * p) ** 2 / (draws * p);
    else expect(counts[x]).toBe(0);
  }
  return sum;
}

/** The 99.99 % quantile of chi-square with 6 degrees of freedom: the seeds are fixed, so this never flickers. */
const LIMIT = 27.86;

describe('greedy', () => {
  it('takes the most probable token, and of equals the lowest id', () => {
    expect(greedy(Float64Array.of(0.1, 0.4, 0.4, 0.1))).toBe(1);
    expect(sample(Float64Array.of(0.1, 0.1, 0.4, 0.4), { ...plain, temperature: 0 }, () => 0.99)).toBe(2);
  });
});

describe('sampling', () => {
  const p = distribution([1, 0.5, 0, -0.5, -1, 0.2, 0.1]).probabilities;

  it('draws each token as often as the pool says (chi-square)', () => {
    expect(chiSquare(p, plain, 20_000, 1)).toBeLessThan(LIMIT);
  });

  it('would be caught drawing from another distribution: the negative control', () => {
    const random = seededRandom(1);
    const counts = new Float64Array(SIZE);
    for (let i = 0; i < 20_000; i++) {
      const token = sample(Float64Array.from(p), { ...plain, temperature: 1.2 }, random);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    const statistic = [...p].reduce(
      (sum, q, x) => sum + ((counts[x] ?? 0) - 20_000 * q) ** 2 / (20_000 * q),
      0,
    );
    expect(statistic).toBeGreaterThan(LIMIT);
  });

  it('divides log m by the temperature', () => {
    const hot = distribution([2, 1, 0, -1, -2, 0.4, 0.2].map((z) => z / 2)).probabilities;
    const cold = distribution([2, 1, 0, -1, -2, 0.4, 0.2]).probabilities;
    const random = seededRandom(4);
    const counts = new Float64Array(SIZE);
    for (let i = 0; i < 20_000; i++) {
      const token = sample(Float64Array.from(cold), { ...plain, temperature: 2 }, random);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    const statistic = [...hot].reduce(
      (sum, q, x) => sum + ((counts[x] ?? 0) - 20_000 * q) ** 2 / (20_000 * q),
      0,
    );
    expect(statistic).toBeLessThan(LIMIT);
  });

  it('is the same for the same seed and differs between seeds', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => sample(Float64Array.from(p), plain, random));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('top-k keeps the k most probable, ties by lowest id', () => {
    const even = Float64Array.of(0.25, 0.25, 0.25, 0.25);
    const drawn = new Set<number>();
    const random = seededRandom(2);
    for (let i = 0; i < 200; i++) drawn.add(sample(Float64Array.from(even), { ...plain, topK: 2 }, random));
    expect([...drawn].sort()).toEqual([0, 1]);
  });

  it('top-p keeps the smallest set with that mass, min-p what is near the best', () => {
    const skew = Float64Array.of(0.5, 0.3, 0.15, 0.05);
    const allowed = (sampling: Partial<Sampling>): number[] => {
      const random = seededRandom(3);
      const drawn = new Set<number>();
      for (let i = 0; i < 500; i++)
        drawn.add(sample(Float64Array.from(skew), { ...plain, ...sampling }, random));
      return [...drawn].sort();
    };
    expect(allowed({ topP: 0.5 })).toEqual([0]);
    expect(allowed({ topP: 0.79 })).toEqual([0, 1]);
    expect(allowed({ topP: 0.81 })).toEqual([0, 1, 2]);
    expect(allowed({ minP: 0.29 })).toEqual([0, 1, 2]);
    expect(allowed({ minP: 0.31 })).toEqual([0, 1]);
    expect(allowed({ minP: 0.31, topP: 0.99 })).toEqual([0, 1]);
  });

  it('never draws a token of probability 0, whatever the filters and the number drawn', () => {
    fc.assert(
      fc.property(
        logitRow,
        fc.nat(SIZE - 1),
        fc.record({
          temperature: fc.constantFrom(0, 0.5, 1, 2),
          topK: fc.nat(SIZE),
          topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
          minP: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (row, banned, sampling, u) => {
          const masked = distribution(row).probabilities;
          masked[banned] = 0;
          expect(sample(masked, sampling, () => u)).not.toBe(banned);
        },
      ),
    );
  });
});

describe('seeded random numbers', () => {
  it('lie in [0, 1), with mean 1/2 and variance 1/12', () => {
    const random = seededRandom(123);
    const numbers = Array.from({ length: 20_000 }, random);
    expect(numbers.every((u) => u >= 0 && u < 1)).toBe(true);
    const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(numbers.reduce((a, u) => a + (u - mean) ** 2, 0) / numbers.length).toBeCloseTo(1 / 12, 2);
  });
});
