/** Small tensors for the laws. */

import fc from 'fast-check';

/** A float32 that is neither huge nor tiny, so that a relative tolerance says something. */
const entry = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.float({ min: -4, max: 4, noNaN: true }).map((x) => Math.round(x * 1024) / 1024),
  },
  { weight: 1, arbitrary: fc.constant(0) },
);

export const tensorOf = (length: number): fc.Arbitrary<Float32Array> =>
  fc.array(entry, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values));

export const tensor = fc.integer({ min: 1, max: 40 }).chain(tensorOf);

/** Several of one length. */
export const tensors = (least: number, most: number): fc.Arbitrary<Float32Array[]> =>
  fc
    .integer({ min: 1, max: 40 })
    .chain((length) => fc.array(tensorOf(length), { minLength: least, maxLength: most }));

export function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** The largest difference of two entries. */
export function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}
