import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expOfNegative } from '../../src/core/exp.ts';

describe('exp of numbers up to 0', () => {
  it('is within 1e-15 of Math.exp, relatively', () => {
    fc.assert(
      fc.property(fc.double({ min: -745, max: 0, noNaN: true }), (x) => {
        const expected = Math.exp(x);
        expect(Math.abs(expOfNegative(x) - expected)).toBeLessThanOrEqual(1e-15 * expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is exact at 0, and knows the numbers that are none', () => {
    expect(expOfNegative(0)).toBe(1);
    expect(expOfNegative(-0)).toBe(1);
    expect(expOfNegative(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(expOfNegative(Number.NaN)).toBeNaN();
    expect(expOfNegative(-1e300)).toBe(0);
  });

  it('never falls where x rises', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -700, max: 0, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (x, d) => {
          expect(expOfNegative(x) * (1 + 2e-15)).toBeGreaterThanOrEqual(expOfNegative(x - d));
        },
      ),
    );
  });
});
