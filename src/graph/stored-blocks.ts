/**
 * Quantised tensors of a GGUF file whose blocks are made as those of MatMulNBits are, 32 values along a row with one step each: their
 * codes are taken over as they are, so that nothing is rounded a second time.
 */

import { type Bits, BLOCK } from './block.ts';
import { halfAt, minimumAt, scaleAt } from './decode-blocks.ts';
import { blockSizes } from './tensor-bytes.ts';
import type { StoredBlocks, TensorType } from './tensor-source.ts';

/** Types whose values are steps of one width in every 32 of them. */
export type SteppedType = 'q4_0' | 'q4_1' | 'q4_k' | 'q8_0';

export const steppedBits: Readonly<Record<SteppedType, Bits>> = { q4_0: 4, q4_1: 4, q4_k: 4, q8_0: 8 };

export function isStepped(type: TensorType): type is SteppedType {
  return Object.hasOwn(steppedBits, type);
}

/** Room for a matrix of `bits`. */
export function emptyBlocks(rows: number, columns: number, bits: Bits): StoredBlocks {
  const blocks = (rows * columns) / BLOCK;
  return {
    rows,
    columns,
    bits,
    packed: new Uint8Array((blocks * BLOCK * bits) / 8),
    scales: new Float32Array(blocks),
    offsets: new Float64Array(blocks),
  };
}

/** Takes the ggml blocks that fill `bytes` over into `out`, from its block `first` (of 32 values) on. */
export function takeBlocks(type: SteppedType, bytes: Uint8Array, out: StoredBlocks, first: number): void {
  const take = takers[type];
  const { values, bytes: length } = blockSizes[type];
  for (let b = 0; b * length < bytes.length; b++) take(bytes, b * length, out, first + (b * values) / BLOCK);
}

/** Takes the block at `at` of `bytes` over as block `to` and those after it. */
type BlockTaker = (bytes: Uint8Array, at: number, out: StoredBlocks, to: number) => void;

const takers: Readonly<Record<SteppedType, BlockTaker>> = {
  q4_0: takeQ4_0,
  q4_1: takeQ4_1,
  q4_k: takeQ4K,
  q8_0: takeQ8_0,
};

/** x = d (q - 8) */
function takeQ4_0(
  bytes: Uint8Array,
  at: number,
  { packed, scales, offsets }: StoredBlocks,
  to: number,
): void {
  const d = halfAt(bytes, at);
  scales[to] = d;
  offsets[to] = -8 * d;
  takeHalves(bytes, at + 2, packed, to * 16);
}

/** x = d q + m */
function takeQ4_1(
  bytes: Uint8Array,
  at: number,
  { packed, scales, offsets }: StoredBlocks,
  to: number,
): void {
  scales[to] = halfAt(bytes, at);
  offsets[to] = halfAt(bytes, at + 2);
  takeHalves(bytes, at + 4, packed, to * 16);
}

/** 16 bytes with code i low and code i + 16 high become 16 with code 2 i low and code 2 i + 1 high. */
function takeHalves(bytes: Uint8Array, at: number, packed: Uint8Array, to: number): void {
  for (let i = 0; i < 8; i++) {
    const [even, odd] = [bytes[at + 2 * i] as number, bytes[at + 2 * i + 1] as number];
    packed[to + i] = (even & 15) | ((odd & 15) << 4);
    packed[to + i + 8] = (even >> 4) | (odd & 0xf0);
  }
}

/** x = d q, q from -127 to 127 (-128 in files that others wrote). */
function takeQ8_0(
  bytes: Uint8Array,
  at: number,
  { packed, scales, offsets }: StoredBlocks,
  to: number,
): void {
  const d = halfAt(bytes, at);
  scales[to] = d;
  offsets[to] = -128 * d;
  for (let i = 0; i < 32; i++) packed[to * 32 + i] = (bytes[at + 2 + i] as number) ^ 128;
}

/** Eight blocks, x = d s q - dmin m (decode-blocks.ts has where each lies). */
function takeQ4K(bytes: Uint8Array, at: number, { packed, scales, offsets }: StoredBlocks, to: number): void {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let j = 0; j < 8; j++) {
    scales[to + j] = d * scaleAt(bytes, at + 4, j);
    offsets[to + j] = -dmin * minimumAt(bytes, at + 4, j);
    const codes = at + 16 + (j >> 1) * 32;
    const shift = (j & 1) * 4;
    for (let i = 0; i < 16; i++) {
      const low = ((bytes[codes + 2 * i] as number) >> shift) & 15;
      const high = ((bytes[codes + 2 * i + 1] as number) >> shift) & 15;
      packed[(to + j) * 16 + i] = low | (high << 4);
    }
  }
}

/** Row r of the result is row `from(r)`. */
export function rowsMoved(blocks: StoredBlocks, from: (row: number) => number): StoredBlocks {
  const { rows, columns, bits, packed, scales, offsets } = blocks;
  const out = emptyBlocks(rows, columns, bits);
  const each = columns / BLOCK;
  const bytes = (columns * bits) / 8;
  for (let row = 0; row < rows; row++) {
    const old = from(row);
    out.packed.set(packed.subarray(old * bytes, (old + 1) * bytes), row * bytes);
    out.scales.set(scales.subarray(old * each, (old + 1) * each), row * each);
    out.offsets.set(offsets.subarray(old * each, (old + 1) * each), row * each);
  }
  return out;
}

/** The rows of all, one after another; undefined where there are none. They have the same columns and bits. */
export function joinedRows(parts: readonly StoredBlocks[]): StoredBlocks | undefined {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const out = emptyBlocks(rows, first.columns, first.bits);
  let row = 0;
  for (const { packed, scales, offsets, rows: own } of parts) {
    out.packed.set(packed, (row * first.columns * first.bits) / 8);
    out.scales.set(scales, (row * first.columns) / BLOCK);
    out.offsets.set(offsets, (row * first.columns) / BLOCK);
    row += own;
  }
  return out;
}
