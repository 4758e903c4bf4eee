import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloatsInto, halfToFloat } from '../../src/graph/half.ts';
import { toBfloatsInto, toHalvesInto } from '../../src/graph/half-write.ts';

const bfloat = (value: number): number => {
  const out = new Uint16Array(1);
  toBfloatsInto(Float32Array.of(value), out);
  const back = new Float32Array(1);
  bfloatsInto(out, back);
  return back[0] ?? Number.NaN;
};
const half = (value: number): number => {
  const out = new Uint16Array(1);
  toHalvesInto(Float32Array.of(value), out);
  return halfToFloat[out[0] ?? 0] ?? Number.NaN;
};

/** Of the numbers with `bits` binary digits the nearest, halves to even; `least` is the smallest step. */
function nearest(value: number, bits: number, least: number): number {
  if (value === 0) return value;
  const step = Math.max(2 ** (Math.floor(Math.log2(Math.abs(value))) - bits + 1), least);
  const count = value / step;
  const low = Math.floor(count);
  const rest = count - low;
  const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0);
  return (up ? low + 1 : low) * step;
}

describe('rounding to sixteen bits', () => {
  it('gives back every float16 and bfloat16 as it was', () => {
    const all = Array.from({ length: 1 << 16 }, (_, bits) => halfToFloat[bits] ?? 0);
    expect(all.filter((value) => !Object.is(half(value), value))).toEqual([]);
    fc.assert(fc.property(fc.float(), (value) => Object.is(bfloat(bfloat(value)), bfloat(value))));
  });

  it('rounds to the nearest, halves to even', () => {
    fc.assert(
      fc.property(fc.float({ min: -60_000, max: 60_000, noNaN: true }), (value) => {
        expect(half(value) + 0).toBe(nearest(value, 11, 2 ** -24) + 0);
        if (Math.abs(value) > 1e-30) expect(bfloat(value)).toBe(nearest(value, 8, 0));
      }),
    );
    expect([1 + 2 ** -9, 1 + 3 * 2 ** -8 + 0, 1 + 2 ** -8].map(bfloat)).toEqual([1, 1.015625, 1]);
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11].map(half)).toEqual([1, 1 + 2 ** -9]);
  });

  it('keeps what is no number, and lets a float16 overflow only past the middle to the next', () => {
    for (const round of [half, bfloat]) {
      expect(round(Number.NaN)).toBeNaN();
      expect(round(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
    }
    expect([65_504, 65_519, 65_520].map(half)).toEqual([65_504, 65_504, Number.POSITIVE_INFINITY]);
  });
});
