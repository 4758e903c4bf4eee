/**
 * ggml's quantised blocks as float32, bit for bit as dequantize_row_* in ggml-quants.c gives them. There every product of
 * scale and code is exact in float32 or rounded once; so is the float64 arithmetic here, rounded once by the store.
 */

import { halfToFloat } from './half.ts';
import { blockSizes } from './tensor-bytes.ts';
import type { TensorType } from './tensor-source.ts';

export type BlockType = Exclude<TensorType, 'f32' | 'f16' | 'bf16' | 'u8'>;

/** Decodes the blocks that fill `bytes` into `out` from its start. */
export function decodeBlocksInto(type: BlockType, bytes: Uint8Array, out: Float32Array): void {
  const decode = decoders[type];
  const { values, bytes: length } = blockSizes[type];
  const blocks = Math.floor(bytes.length / length);
  for (let b = 0; b < blocks; b++) decode(bytes, b * length, out, b * values);
}

/** Decodes the block at `at` of `bytes` into `out` from `to`. */
type BlockDecoder = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

const decoders: Readonly<Record<BlockType, BlockDecoder>> = {
  q8_0: decodeQ8_0,
  q4_0: decodeQ4_0,
  q4_1: decodeQ4_1,
  q5_0: decodeQ5_0,
  q5_1: decodeQ5_1,
  q4_k: decodeQ4K,
  q5_k: decodeQ5K,
  q6_k: decodeQ6K,
};

export function halfAt(bytes: Uint8Array, at: number): number {
  return halfToFloat[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
}

/** The code in two's complement at `at`. */
function signedAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 24) >> 24;
}

/** d, 32 codes: x = d q. */
function decodeQ8_0(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * signedAt(bytes, at + 2 + i);
}

/** d, 16 bytes with value i low and value i + 16 high: x = d (q - 8). */
function decodeQ4_0(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 2 + i] as number;
    out[to + i] = d * ((pair & 15) - 8);
    out[to + i + 16] = d * ((pair >> 4) - 8);
  }
}

/** d, m, 16 bytes as in q4_0: x = d q + m. */
function decodeQ4_1(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const m = halfAt(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 4 + i] as number;
    out[to + i] = d * (pair & 15) + m;
    out[to + i + 16] = d * (pair >> 4) + m;
  }
}

/** The 32 fifth bits from `at` on, value i's in bit i. */
function fifthBits(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

/** d, fifth bits, 16 bytes as in q4_0: x = d (q - 16). */
function decodeQ5_0(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const fifth = fifthBits(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 6 + i] as number;
    out[to + i] = d * (((pair & 15) | (((fifth >>> i) & 1) << 4)) - 16);
    out[to + i + 16] = d * (((pair >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) - 16);
  }
}

/** d, m, fifth bits, 16 bytes as in q4_0: x = d q + m. */
function decodeQ5_1(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const m = halfAt(bytes, at + 2);
  const fifth = fifthBits(bytes, at + 4);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 8 + i] as number;
    out[to + i] = d * ((pair & 15) | (((fifth >>> i) & 1) << 4)) + m;
    out[to + i + 16] = d * ((pair >> 4) | (((fifth >>> (i + 16)) & 1) << 4)) + m;
  }
}

/** Scale `j` of the eight 6-bit scales of a K block, whose 12 bytes begin at `at`. */
export function scaleAt(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j] as number) & 63;
  return ((bytes[at + j + 4] as number) & 15) | (((bytes[at + j - 4] as number) >> 6) << 4);
}

/** Minimum `j`, packed beside the scales. */
export function minimumAt(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j + 4] as number) & 63;
  return ((bytes[at + j + 4] as number) >> 4) | (((bytes[at + j] as number) >> 6) << 4);
}

/** d, dmin, scales, 128 bytes: 32 of them hold two groups of 32 values, one low and one high. x = d s q - dmin m. */
function decodeQ4K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let j = 0; j < 8; j++) {
    const scale = d * scaleAt(bytes, at + 4, j);
    const minimum = dmin * minimumAt(bytes, at + 4, j);
    const codes = at + 16 + (j >> 1) * 32;
    const shift = (j & 1) * 4;
    for (let i = 0; i < 32; i++) {
      out[to + j * 32 + i] = scale * (((bytes[codes + i] as number) >> shift) & 15) - minimum;
    }
  }
}

/** As q4_k, with a fifth bit: bit j of byte i belongs to value i of group j. */
function decodeQ5K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let j = 0; j < 8; j++) {
    const scale = d * scaleAt(bytes, at + 4, j);
    const minimum = dmin * minimumAt(bytes, at + 4, j);
    const codes = at + 48 + (j >> 1) * 32;
    const shift = (j & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const low = ((bytes[codes + i] as number) >> shift) & 15;
      const high = ((bytes[at + 16 + i] as number) >> j) & 1;
      out[to + j * 32 + i] = scale * (low | (high << 4)) - minimum;
    }
  }
}

/** 128 bytes of low halves, 64 of upper two bits, 16 signed scales, d: x = d s (q - 32). */
function decodeQ6K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at + 208);
  for (let group = 0; group < 8; group++) {
    const lows = at + (group >> 2) * 64 + (group & 1) * 32;
    const lowShift = ((group >> 1) & 1) * 4;
    const highs = at + 128 + (group >> 2) * 32;
    const highShift = (group & 3) * 2;
    for (let i = 0; i < 32; i++) {
      const low = ((bytes[lows + i] as number) >> lowShift) & 15;
      const high = ((bytes[highs + i] as number) >> highShift) & 3;
      const scale = d * signedAt(bytes, at + 192 + group * 2 + (i >> 4));
      out[to + group * 32 + i] = scale * ((low | (high << 4)) - 32);
    }
  }
}
