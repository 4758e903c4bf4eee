import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDistances,
  normaliseWeights,
  poolInto,
  routeByWeight,
  totalVariation,
} from '../../src/core/index.ts';
import { distribution, logitRow, pool, SIZE, weight } from './toy.ts';

const linear = { kind: 'linear' } as const;
const within = fc.double({ min: 0, max: 1, noNaN: true });
const mixtures = fc.integer({ min: 1, max: 4 }).chain((experts) =>
  fc.record({
    weights: fc.array(weight, { minLength: experts, maxLength: experts }).map(normaliseWeights),
    tokens: fc.array(
      fc
        .array(logitRow, { minLength: experts, maxLength: experts })
        .map((rows) => rows.map((row) => distribution(row))),
      { minLength: 1, maxLength: 5 },
    ),
  }),
);

describe('routing by weight', () => {
  it('leaves the linear pool within the distance it promises, whatever the experts say', () => {
    fc.assert(
      fc.property(mixtures, within, ({ weights, tokens }, limit) => {
        const route = routeByWeight(weights, limit);
        if (route === undefined) return;
        expect(route.distance).toBeLessThanOrEqual(limit);
        for (const distributions of tokens) {
          const pooled = new Float64Array(SIZE);
          poolInto(linear, distributions, weights, pooled);
          const alone = distributions[route.expert]?.probabilities ?? pooled.map(() => 0);
          expect(totalVariation(pooled, alone)).toBeLessThanOrEqual(route.distance + 1e-12);
        }
      }),
    );
  });

  it('chooses the heaviest, and none that the promise does not cover', () => {
    expect(routeByWeight([0.03, 0.96, 0.01], 0.05)).toMatchObject({ expert: 1 });
    expect(routeByWeight([0.03, 0.96, 0.01], 0.03)).toBeUndefined();
    expect(routeByWeight([1], 0)).toEqual({ expert: 0, distance: 0 });
  });

  it('holds for no other pool (negative control): one expert of small weight can veto', () => {
    const distributions = [distribution([20, 0]), distribution([-200, 0])];
    const pooled = new Float64Array(2);
    poolInto({ kind: 'geometric' }, distributions, [0.9, 0.1], pooled);
    expect(totalVariation(pooled, distributions[0]?.probabilities ?? pooled)).toBeGreaterThan(0.1);
  });
});

describe('routing by agreement', () => {
  it('names an expert only if the pool stays within the limit of it at every token', () => {
    fc.assert(
      fc.property(mixtures, pool, within, ({ weights, tokens }, rule, limit) => {
        const distances = createDistances(rule, weights);
        for (const distributions of tokens) distances.add(distributions);
        const farthest = weights.map((_, i) =>
          Math.max(
            ...tokens.map((distributions) => {
              const pooled = new Float64Array(SIZE);
              poolInto(rule, distributions, weights, pooled);
              return totalVariation(pooled, distributions[i]?.probabilities ?? pooled);
            }),
          ),
        );
        const route = distances.route(limit);
        expect(route !== undefined).toBe(Math.min(...farthest) <= limit);
        if (route !== undefined) expect(farthest[route.expert]).toBe(Math.min(...farthest));
      }),
    );
  });

  it('is always possible where the experts are identical, at the distance 0', () => {
    const twin = distribution([1, 2, 3]);
    const distances = createDistances(linear, [0.5, 0.5]);
    distances.add([twin, twin]);
    expect(distances.route(0)).toEqual({ expert: 0, distance: 0 });
  });

  it('is not where they differ at one token of many (negative control: without that token it is)', () => {
    const agreed = [distribution([5, 0]), distribution([5.1, 0])];
    const distances = createDistances(linear, [0.5, 0.5]);
    for (let i = 0; i < 10; i++) distances.add(agreed);
    expect(distances.route(0.1)).toBeDefined();
    distances.add([distribution([5, 0]), distribution([0, 5])]);
    expect(distances.route(0.1)).toBeUndefined();
  });

  it('knows nothing before the first token, and never chooses an expert of weight 0', () => {
    const distances = createDistances(linear, [0, 1]);
    expect(distances.route(1)).toBeUndefined();
    distances.add([distribution([1, 2]), distribution([1, 2])]);
    expect(distances.route(1)).toMatchObject({ expert: 1 });
  });
});
