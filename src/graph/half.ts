/** float16 and bfloat16 as float32, exactly. */

const EXPONENT_BIAS = 15;
const FRACTION_BITS = 10;

/** float32 of every float16 by its bits; a table, because weights are converted by the hundred million. */
export const halfToFloat: Float32Array = Float32Array.from({ length: 1 << 16 }, (_, bits) => {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> FRACTION_BITS) & 31;
  const fraction = bits & ((1 << FRACTION_BITS) - 1);
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - EXPONENT_BIAS - FRACTION_BITS);
  return sign * (1 + fraction / (1 << FRACTION_BITS)) * 2 ** (exponent - EXPONENT_BIAS);
});

/** Writes float32 of the bfloat16 `halves` into `out`: a bfloat16 is the upper half of a float32. */
export function bfloatsInto(halves: Uint16Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
}

/** Writes float32 of the float16 `halves` into `out`. */
export function halvesInto(halves: Uint16Array, out: Float32Array): void {
  for (let i = 0; i < halves.length; i++) out[i] = halfToFloat[halves[i] as number] as number;
}
