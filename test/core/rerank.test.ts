import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLower, rerank } from '../../src/core/index.ts';

const energy = fc.array(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constant(Number.NaN)), {
  minLength: 3,
  maxLength: 3,
});
const energies = fc.array(energy, { minLength: 1, maxLength: 6 });

describe('reranking', () => {
  it('never picks a candidate while another has less energy, and the first of equals', () => {
    fc.assert(
      fc.property(energies, (all) => {
        const best = rerank(all);
        const chosen = all[best] ?? [];
        for (const [i, other] of all.entries()) {
          expect(isLower(other, chosen)).toBe(false);
          if (i < best) expect(isLower(chosen, other)).toBe(true);
        }
      }),
    );
  });

  it('lets the first term that differs decide, and takes what is no number for the worst', () => {
    expect(
      rerank([
        [1, -9],
        [0, 9],
        [0, 8],
      ]),
    ).toBe(2);
    expect(rerank([[Number.NaN], [1000]])).toBe(1);
    expect(rerank([])).toBe(-1);
  });
});
