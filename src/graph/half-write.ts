/** float32 as float16 and bfloat16, rounded to the nearest and halves to even, as IEEE 754 and PyTorch do. */

const SIGN = 0x8000;
const INFINITY_16 = 0x7c00;
const NAN_16 = 0x7e00;

/** Writes the bfloat16 of `values` into `out`; NaN stays NaN. */
export function toBfloatsInto(values: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number;
    const isNan = (word & 0x7fffffff) > 0x7f800000;
    // Half a unit, less one where the kept part is even.
    out[i] = isNan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

/** Writes the float16 of `values` into `out`; what is too large becomes infinite. */
export function toHalvesInto(values: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) out[i] = halfOf(bits[i] as number);
}

function halfOf(word: number): number {
  const sign = (word >>> 16) & SIGN;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | NAN_16;
  // 65520 and more round past the largest float16, 65504.
  if (magnitude >= 0x477ff000) return sign | INFINITY_16;
  if (magnitude < 0x38800000) {
    // Below 2^-14 the steps are 2^-24 each: the fraction with its hidden bit, shifted to them.
    const exponent = magnitude >>> 23;
    const shift = 126 - exponent;
    if (shift > 24) return sign;
    return sign | roundShift((magnitude & 0x7fffff) | 0x800000, shift);
  }
  // The exponent's bias goes from 127 to 15; a carry out of the fraction moves on into the exponent, as it should.
  return sign | roundShift(magnitude - 0x38000000, 13);
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}
