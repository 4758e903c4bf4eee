/**
 * Blocks of a GGUF file as MatMulNBits multiplies them, with the codes that they have. A value there is scale (code - zero point) with
 * a whole zero point, and in the file scale * code + offset with any offset (Q4_1, Q4_K): what remains of the offset after the nearest
 * zero point, r_b for block b of a row, adds r_b (sum of the block's inputs) to the product. So the sums of every 32 inputs
 * are further inputs, and the r_b further columns of the matrix, one for each 32 of the others, quantised as they are. A remainder
 * is half a step at most, and a sixteenth of it is lost; rounding the values anew would lose as much as the file's own rounding did.
 */

import { BLOCK } from './block.ts';
import { type QuantizedMatrix, quantize } from './quantize.ts';
import type { StoredBlocks } from './tensor-source.ts';

/** How many sums a matrix of so many columns has. */
export function sumCount(columns: number): number {
  return columns / BLOCK;
}

/** Blocks that the kernel takes at a time (AVX-512); a rest takes it nearly as long as so many. */
const BLOCKS_AT_ONCE = 4;

/** Columns with those for the sums, filled up with zeros to whole numbers of blocks at a time. */
export function columnsWithSums(columns: number): number {
  const step = BLOCK * BLOCKS_AT_ONCE;
  return step * Math.ceil((columns + sumCount(columns)) / step);
}

/** `columns` of the result are those of `blocks`, and those of sums where there are remainders. */
export function repack(blocks: StoredBlocks): QuantizedMatrix {
  const { rows, columns, bits, packed, scales, offsets } = blocks;
  const each = columns / BLOCK;
  const middle = 2 ** (bits - 1);
  const zeros = new Uint8Array(rows * each);
  const remainders = new Float32Array(rows * each);
  let [isExact, isMiddle] = [true, true];
  for (let at = 0; at < zeros.length; at++) {
    const isNumber = Number.isFinite(scales[at]) && Number.isFinite(offsets[at]);
    // What is not finite is taken as 0, as it is when values are rounded.
    if (!isNumber) scales[at] = 0;
    const scale = scales[at] as number;
    const offset = isNumber ? (offsets[at] as number) : 0;
    // A block of scale 0 has one value, its offset.
    const zero = scale === 0 ? middle : Math.min(2 ** bits - 1, Math.max(0, Math.round(-offset / scale)));
    zeros[at] = zero;
    remainders[at] = offset + zero * scale;
    if (remainders[at] !== 0) isExact = false;
    if (zero !== middle) isMiddle = false;
  }
  if (isExact) {
    return {
      rows,
      columns,
      bits,
      packed,
      scales,
      ...(!isMiddle && { zeroPoints: packZeros(zeros, each, bits) }),
    };
  }
  const further = quantize(remainders, { rows, columns: each, bits, method: 'k-quant' });
  const blob = (BLOCK * bits) / 8;
  const all = columnsWithSums(columns) / BLOCK;
  const allZeros = new Uint8Array(rows * all);
  joinRows(zeros, unpackZeros(further), rows, allZeros);
  const allPacked = new Uint8Array(rows * all * blob);
  joinRows(packed, further.packed, rows, allPacked);
  const allScales = new Float32Array(rows * all);
  joinRows(scales, further.scales, rows, allScales);
  return {
    rows,
    columns: BLOCK * all,
    bits,
    packed: allPacked,
    scales: allScales,
    zeroPoints: packZeros(allZeros, all, bits),
  };
}

/** Row by row what is of `first`, then what is of `second`, then what was in `out`. */
function joinRows<T extends Uint8Array | Float32Array>(first: T, second: T, rows: number, out: T): void {
  const [a, b, all] = [first.length / rows, second.length / rows, out.length / rows];
  for (let row = 0; row < rows; row++) {
    out.set(first.subarray(row * a, (row + 1) * a), row * all);
    out.set(second.subarray(row * b, (row + 1) * b), row * all + a);
  }
}

/** [rows, blocks] of whole numbers as MatMulNBits reads them: two of 4 bits in a byte, rows on bytes of their own. */
function packZeros(zeros: Uint8Array, blocks: number, bits: 4 | 8): Uint8Array {
  if (bits === 8) return zeros;
  const bytes = Math.ceil(blocks / 2);
  const out = new Uint8Array((zeros.length / blocks) * bytes);
  for (let at = 0; at < zeros.length; at++) {
    const block = at % blocks;
    const byte = ((at - block) / blocks) * bytes + (block >> 1);
    out[byte] = (out[byte] as number) | ((zeros[at] as number) << ((block & 1) * 4));
  }
  return out;
}

function unpackZeros({ rows, columns, bits, zeroPoints }: QuantizedMatrix): Uint8Array {
  const blocks = Math.ceil(columns / BLOCK);
  const bytes = Math.ceil((blocks * bits) / 8);
  return Uint8Array.from({ length: rows * blocks }, (_, at) => {
    const block = at % blocks;
    const from = ((at - block) / blocks) * bytes;
    if (bits === 8) return zeroPoints?.[from + block] ?? 128;
    return ((zeroPoints?.[from + (block >> 1)] ?? 0x88) >> ((block & 1) * 4)) & 15;
  });
}
