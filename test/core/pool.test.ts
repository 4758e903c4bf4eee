import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agreement,
  entropy,
  normaliseWeights,
  poolInto,
  sharesInto,
  totalVariation,
} from '../../src/core/index.ts';
import { distribution, logitRow, pool, SIZE, weight } from './toy.ts';

const experts = fc.array(fc.tuple(logitRow, weight), { minLength: 1, maxLength: 4 });

function pooled(
  rule: Parameters<typeof poolInto>[0],
  mix: readonly (readonly [readonly number[], number])[],
) {
  const out = new Float64Array(SIZE);
  const distributions = mix.map(([row]) => distribution(row));
  const weights = normaliseWeights(mix.map(([, w]) => w));
  poolInto(rule, distributions, weights, out);
  return { out, distributions, weights };
}

function expectClose(a: Float64Array, b: Float64Array, tolerance = 1e-12): void {
  for (const [x, value] of a.entries())
    expect(Math.abs(value - (b[x] ?? Number.NaN))).toBeLessThanOrEqual(tolerance);
}

describe('every pool', () => {
  it('has mass 1', () => {
    fc.assert(
      fc.property(pool, experts, (rule, mix) => {
        const { out } = pooled(rule, mix);
        expect(Math.abs(out.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  it('of one expert is that expert', () => {
    fc.assert(
      fc.property(pool, logitRow, weight, (rule, row, w) => {
        const { out, distributions } = pooled(rule, [[row, w]]);
        expectClose(out, distributions[0]?.probabilities ?? new Float64Array(0));
      }),
    );
  });

  it('of identical experts is that expert', () => {
    fc.assert(
      fc.property(pool, logitRow, fc.array(weight, { minLength: 2, maxLength: 4 }), (rule, row, ws) => {
        const { out, distributions } = pooled(
          rule,
          ws.map((w) => [row, w] as const),
        );
        expectClose(out, distributions[0]?.probabilities ?? new Float64Array(0));
      }),
    );
  });

  it('does not depend on the order of experts or the scale of weights', () => {
    fc.assert(
      fc.property(pool, experts, weight, (rule, mix, scale) => {
        const { out } = pooled(rule, mix);
        expectClose(out, pooled(rule, [...mix].reverse()).out);
        expectClose(
          out,
          pooled(
            rule,
            mix.map(([row, w]) => [row, w * scale] as const),
          ).out,
        );
      }),
    );
  });

  it('ignores an expert of weight 0, even one that forbids everything but one token', () => {
    fc.assert(
      fc.property(pool, experts, (rule, mix) => {
        const forbids = [0, ...new Array<number>(SIZE - 1).fill(Number.NEGATIVE_INFINITY)];
        expectClose(pooled(rule, mix).out, pooled(rule, [...mix, [forbids, 0]]).out);
      }),
    );
  });

  it('does not change when a constant is added to an expert’s logits', () => {
    fc.assert(
      fc.property(pool, experts, fc.integer({ min: -8, max: 8 }), (rule, mix, constant) => {
        const shifted = mix.map(([row, w]) => [row.map((z) => z + constant), w] as const);
        expectClose(pooled(rule, mix).out, pooled(rule, shifted).out);
      }),
    );
  });
});

describe('the linear pool', () => {
  it('lies between the least and the most probable expert at every token', () => {
    fc.assert(
      fc.property(experts, (mix) => {
        const { out, distributions } = pooled({ kind: 'linear' }, mix);
        for (const [x, m] of out.entries()) {
          const p = distributions.map(({ probabilities }) => probabilities[x] ?? Number.NaN);
          expect(m).toBeGreaterThanOrEqual(Math.min(...p) - 1e-15);
          expect(m).toBeLessThanOrEqual(Math.max(...p) + 1e-15);
        }
      }),
    );
  });

  it('is the sum of equation 1 of arXiv 2411.00406', () => {
    const { out } = pooled({ kind: 'linear' }, [
      [[Math.log(0.5), Math.log(0.5), -99, -99, -99, -99, -99], 0.9],
      [[Math.log(0.1), Math.log(0.9), -99, -99, -99, -99, -99], 0.1],
    ]);
    expect(out[0]).toBeCloseTo(0.9 * 0.5 + 0.1 * 0.1, 7);
    expect(out[1]).toBeCloseTo(0.9 * 0.5 + 0.1 * 0.9, 7);
  });
});

describe('the geometric pool', () => {
  it('lets one expert veto a token, which the linear pool does not', () => {
    const veto = [Number.NEGATIVE_INFINITY, 0, 0, 0, 0, 0, 0];
    const sure = [10, 0, 0, 0, 0, 0, 0];
    expect(
      pooled({ kind: 'geometric' }, [
        [sure, 1],
        [veto, 1],
      ]).out[0],
    ).toBe(0);
    expect(
      pooled({ kind: 'linear' }, [
        [sure, 1],
        [veto, 1],
      ]).out[0],
    ).toBeGreaterThan(0.4);
  });

  it('is the limit of the power pool as the exponent falls to 0, as linear is at 1', () => {
    fc.assert(
      fc.property(experts, (mix) => {
        expectClose(
          pooled({ kind: 'power', exponent: 1e-7 }, mix).out,
          pooled({ kind: 'geometric' }, mix).out,
          1e-3,
        );
        expectClose(pooled({ kind: 'power', exponent: 1 }, mix).out, pooled({ kind: 'linear' }, mix).out);
        expectClose(
          pooled({ kind: 'power', exponent: 1 - 1e-9 }, mix).out,
          pooled({ kind: 'linear' }, mix).out,
          1e-6,
        );
      }),
    );
  });
});

describe('shares', () => {
  it('sum to 1 and are w_i p_i(x) / m(x) under the linear pool', () => {
    fc.assert(
      fc.property(experts, fc.nat(SIZE - 1), (mix, x) => {
        const { out, distributions, weights } = pooled({ kind: 'linear' }, mix);
        const shares = new Float64Array(mix.length);
        sharesInto(distributions, weights, x, shares);
        expect(Math.abs(shares.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
        const m = out[x] ?? 0;
        for (const [i, share] of shares.entries()) {
          const expected = ((weights[i] ?? 0) * (distributions[i]?.probabilities[x] ?? 0)) / m;
          expect(Math.abs(share - expected)).toBeLessThan(1e-9);
        }
      }),
    );
  });
});

describe('agreement and entropy', () => {
  it('agree: 1 for identical experts, 0 for experts with nothing in common', () => {
    const a = distribution([50, 0, 0, 0, 0, 0, 0]);
    const b = distribution([0, 50, 0, 0, 0, 0, 0]);
    expect(agreement([a, a], [0.3, 0.7])).toBe(1);
    expect(agreement([a, b], [0.3, 0.7])).toBeLessThan(1e-9);
    expect(agreement([a], [1])).toBe(1);
  });

  it('is 1 - total variation for two experts whatever their weights', () => {
    fc.assert(
      fc.property(logitRow, logitRow, weight, (p, q, w) => {
        const [a, b] = [distribution(p), distribution(q)];
        const expected = 1 - totalVariation(a.probabilities, b.probabilities);
        expect(agreement([a, b], normaliseWeights([w, 1]))).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('has entropy log V for a uniform distribution and 0 for a certain one', () => {
    expect(entropy(distribution(new Array<number>(SIZE).fill(3)).probabilities)).toBeCloseTo(
      Math.log(SIZE),
      12,
    );
    expect(entropy(distribution([900, 0, 0, 0, 0, 0, 0]).probabilities)).toBe(0);
  });
});

describe('a broken model', () => {
  it('is refused: not finite logits throw', () => {
    expect(() => distribution([Number.NaN, 0, 0, 0, 0, 0, 0])).toThrow(/not finite/);
    expect(() => distribution([Number.POSITIVE_INFINITY, 0, 0, 0, 0, 0, 0])).toThrow(/not finite/);
    expect(() => distribution(new Array<number>(SIZE).fill(Number.NEGATIVE_INFINITY))).toThrow(/not finite/);
  });

  it('is not a model that forbids some tokens', () => {
    expect(distribution([0, Number.NEGATIVE_INFINITY, 0, 0, 0, 0, 0]).probabilities[1]).toBe(0);
  });
});

describe('at the edges', () => {
  const rows = [
    [3, 1, 0, 0, 0, 0, -2],
    [-1, 2, 0, 1, 0, 0, 0],
  ];
  const of = (rule: Parameters<typeof poolInto>[0]) =>
    pooled(
      rule,
      rows.map((row, i) => [row, i + 1] as const),
    ).out;

  it('a power of 1 is the linear pool, and one near 0 the geometric one', () => {
    expectClose(of({ kind: 'power', exponent: 1 }), of({ kind: 'linear' }), 0);
    expectClose(of({ kind: 'power', exponent: 1e-7 }), of({ kind: 'geometric' }), 0);
    expectClose(of({ kind: 'power', exponent: 1e-6 }), of({ kind: 'geometric' }), 1e-5);
    // Between them it is neither.
    const half = of({ kind: 'power', exponent: 0.5 });
    for (const other of [of({ kind: 'linear' }), of({ kind: 'geometric' })]) {
      expect(half.some((p, x) => Math.abs(p - (other[x] ?? 0)) > 1e-3)).toBe(true);
    }
  });

  it('an expert of weight 0 may say anything', () => {
    const good = distribution(rows[0] ?? []);
    const broken = { logits: new Float32Array(SIZE), probabilities: new Float64Array(SIZE), logSumExp: 0 };
    broken.probabilities.fill(Number.NaN);
    broken.logits.fill(Number.NaN);
    for (const rule of [
      { kind: 'linear' },
      { kind: 'geometric' },
      { kind: 'power', exponent: 0.5 },
    ] as const) {
      const out = new Float64Array(SIZE);
      poolInto(rule, [broken, good], [0, 1], out);
      expectClose(out, good.probabilities);
    }
  });

  it('experts without a token in common have no geometric pool, and a sentence says so', () => {
    const only = (token: number) =>
      distribution(new Array(SIZE).fill(0).map((_, x) => (x === token ? 0 : Number.NEGATIVE_INFINITY)));
    expect(() =>
      poolInto({ kind: 'geometric' }, [only(1), only(2)], [0.5, 0.5], new Float64Array(SIZE)),
    ).toThrow('the experts have no token in common');
  });

  it('shares are exact where every probability is too small for a number', () => {
    const far = [0, 1].map((i) => ({
      logits: Float32Array.of(-2000 + i, 0),
      probabilities: Float64Array.of(0, 1),
      logSumExp: 0,
    }));
    const shares = new Float64Array(2);
    sharesInto(far, [0.25, 0.75], 0, shares);
    expect(shares[0]).toBeCloseTo(0.25 / (0.25 + 0.75 * Math.E), 12);
    sharesInto([...far].reverse(), [0.25, 0.75], 0, shares);
    expect(shares[1]).toBeCloseTo(0.75 / (0.75 + 0.25 * Math.E), 12);
    const never = far.map((d) => ({ ...d, logits: Float32Array.of(Number.NEGATIVE_INFINITY, 0) }));
    sharesInto(never, [0.25, 0.75], 0, shares);
    expect([...shares]).toEqual([0.25, 0.75]);
  });
});
