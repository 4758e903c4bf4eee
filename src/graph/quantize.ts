/**
 * Weights in blocks of few bits, as ONNX Runtime's operator MatMulNBits multiplies them (docs/ContribOperators.md there): a matrix
 * [rows N, columns K] is cut along K into blocks of 32, and a value is scale (code - zero point), with one scale and one zero point
 * for each block.
 */

import { type Bits, BLOCK, type BlockScratch, blockScratch } from './block.ts';
import { kQuantBlock } from './k-quant.ts';
import { asymmetricBlock, symmetricBlock } from './round-to-nearest.ts';

/**
 * - `symmetric`: rounded to nearest around the middle code; no zero points are stored.
 * - `asymmetric`: rounded to nearest between the least and the greatest value of the block.
 * - `k-quant`: scale and zero point searched for the least weighted square error.
 */
export type QuantizeMethod = 'symmetric' | 'asymmetric' | 'k-quant';

export interface QuantizedMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly bits: Bits;
  /** [N, ceil(K / 32), 32 bits / 8], the earlier code in the lower bits. What K lacks to whole blocks stands for 0. */
  readonly packed: Uint8Array;
  /** [N, ceil(K / 32)]. */
  readonly scales: Float32Array;
  /** [N, ceil(ceil(K / 32) bits / 8)], packed as the codes are; absent where all are the middle, 2^(bits - 1). */
  readonly zeroPoints?: Uint8Array;
}

export interface QuantizeOptions {
  readonly rows: number;
  readonly columns: number;
  readonly bits: Bits;
  readonly method: QuantizeMethod;
}

/** Quantises `weights`, row-major [rows, columns]. A value that is not finite is taken as 0: no code stands for it. */
export function quantize(
  weights: Float32Array,
  { rows, columns, bits, method }: QuantizeOptions,
): QuantizedMatrix {
  const blocks = Math.ceil(columns / BLOCK);
  const blob = (BLOCK * bits) / 8;
  const packed = new Uint8Array(rows * blocks * blob);
  const scales = new Float32Array(rows * blocks);
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const zeroPoints = method === 'symmetric' ? undefined : new Uint8Array(rows * zeroBytes);
  const scratch = blockScratch();
  const quantizeBlock = blockQuantizers[method];
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      loadBlock(
        weights,
        scratch.values,
        row * columns + block * BLOCK,
        Math.min(BLOCK, columns - block * BLOCK),
      );
      quantizeBlock(scratch, bits);
      const at = row * blocks + block;
      scales[at] = scratch.scale;
      packCodes(scratch.codes, bits, packed, at * blob);
      if (zeroPoints !== undefined) packOne(zeroPoints, row * zeroBytes, block, bits, scratch.zeroPoint);
    }
  }
  return { rows, columns, bits, packed, scales, ...(zeroPoints !== undefined && { zeroPoints }) };
}

/** The values that `matrix` stands for, row-major [rows, columns], in float32 as the operator computes them. */
export function dequantize({
  rows,
  columns,
  bits,
  packed,
  scales,
  zeroPoints,
}: QuantizedMatrix): Float32Array {
  const blocks = Math.ceil(columns / BLOCK);
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const middle = 2 ** (bits - 1);
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const block = Math.floor(column / BLOCK);
      const at = row * blocks + block;
      const zero = zeroPoints === undefined ? middle : codeAt(zeroPoints, row * zeroBytes, block, bits);
      const code = codeAt(packed, at * ((BLOCK * bits) / 8), column % BLOCK, bits);
      out[row * columns + column] = (scales[at] as number) * (code - zero);
    }
  }
  return out;
}

const blockQuantizers: Readonly<Record<QuantizeMethod, (block: BlockScratch, bits: Bits) => void>> = {
  symmetric: symmetricBlock,
  asymmetric: asymmetricBlock,
  'k-quant': kQuantBlock,
};

function loadBlock(weights: Float32Array, values: Float64Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = weights[from + i] as number;
    values[i] = value - value === 0 ? value : 0;
  }
  values.fill(0, count);
}

function packCodes(codes: Float64Array, bits: Bits, packed: Uint8Array, at: number): void {
  if (bits === 8) for (let i = 0; i < BLOCK; i++) packed[at + i] = codes[i] as number;
  else {
    for (let i = 0; i < BLOCK / 2; i++) {
      packed[at + i] = (codes[2 * i] as number) | ((codes[2 * i + 1] as number) << 4);
    }
  }
}

function packOne(packed: Uint8Array, from: number, index: number, bits: Bits, code: number): void {
  if (bits === 8) packed[from + index] = code;
  else packed[from + (index >> 1)] = (packed[from + (index >> 1)] as number) | (code << ((index & 1) * 4));
}

function codeAt(packed: Uint8Array, from: number, index: number, bits: Bits): number {
  if (bits === 8) return packed[from + index] as number;
  return ((packed[from + (index >> 1)] as number) >> ((index & 1) * 4)) & 15;
}
