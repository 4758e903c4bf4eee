import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIT, fitProportions, pooledLogProbsInto } from '../../src/core/index.ts';

const logProb = fc.double({ min: -12, max: 0, noNaN: true });
const experts = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 }))
  .chain(([count, tokens]) =>
    fc.array(
      fc.array(logProb, { minLength: tokens, maxLength: tokens }).map((values) => Float64Array.from(values)),
      { minLength: count, maxLength: count },
    ),
  );

/** Mean of log sum w p over the tokens, straight from its definition. */
function likelihood(logProbs: readonly Float64Array[], weights: readonly number[]): number {
  const out = new Float64Array(logProbs[0]?.length ?? 0);
  pooledLogProbsInto(logProbs, weights, out);
  return out.reduce((a, b) => a + b, 0) / out.length;
}

describe('the best proportions', () => {
  it('never become less likely from one iteration to the next', () => {
    fc.assert(
      fc.property(experts, (logProbs) => {
        const { path } = fitProportions(logProbs);
        for (const [i, value] of path.entries()) {
          if (i > 0) expect(value).toBeGreaterThanOrEqual((path[i - 1] as number) - 1e-12);
        }
      }),
    );
  });

  it('sum to 1, and are as likely as the path says', () => {
    fc.assert(
      fc.property(experts, (logProbs) => {
        const { weights, path } = fitProportions(logProbs);
        expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        expect(likelihood(logProbs, weights)).toBeCloseTo(path.at(-1) as number, 9);
      }),
    );
  });

  it('are beaten by no other weights by more than the gap', () => {
    fc.assert(
      fc.property(experts, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (logProbs, drawn) => {
        const other = logProbs.map((_, i) => (drawn[i] ?? 0) + 1e-9);
        const sum = other.reduce((a, b) => a + b, 0);
        const { path, gap } = fitProportions(logProbs);
        const rival = likelihood(
          logProbs,
          other.map((w) => w / sum),
        );
        expect(rival).toBeLessThanOrEqual((path.at(-1) as number) + gap + 1e-9);
      }),
    );
  });

  it('are beaten where the iterations stop too soon (negative control)', () => {
    const logProbs = [Float64Array.of(-1, -1, -1), Float64Array.of(-5, -5, -5)];
    const { path, gap } = fitProportions(logProbs, { ...FIT, maxIterations: 0 });
    expect(likelihood(logProbs, [1, 0])).toBeGreaterThan((path.at(-1) as number) + 0.1);
    expect(gap).toBeGreaterThan(0.1);
  });

  it('are the shares in which two experts each know half of the tokens', () => {
    const knows = [-0.01, -0.01, -0.01, -9];
    const { weights } = fitProportions([Float64Array.from(knows), Float64Array.from([-9, -9, -9, -0.01])]);
    expect(weights[0]).toBeCloseTo(0.75, 2);
  });

  it('refuse what is no log-probability, different tokens, and no tokens', () => {
    expect(() => fitProportions([Float64Array.of(Number.NaN)])).toThrow(/finite/);
    expect(() => fitProportions([Float64Array.of(-1), Float64Array.of(-1, -2)])).toThrow(/same tokens/);
    expect(() => fitProportions([new Float64Array(0)])).toThrow(/no tokens/);
  });
});
