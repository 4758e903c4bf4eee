/** How many bytes tensors of each type take in a file. Quantised types store blocks along the innermost dimension. */

import type { TensorType } from './tensor-source.ts';

export interface BlockSize {
  /** Values in a block. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

/** Sizes of ggml's blocks (ggml-common.h); plain types are blocks of one value. */
export const blockSizes: Readonly<Record<TensorType, BlockSize>> = {
  f32: { values: 1, bytes: 4 },
  f16: { values: 1, bytes: 2 },
  bf16: { values: 1, bytes: 2 },
  u8: { values: 1, bytes: 1 },
  q8_0: { values: 32, bytes: 2 + 32 },
  q4_0: { values: 32, bytes: 2 + 16 },
  q4_1: { values: 32, bytes: 4 + 16 },
  q5_0: { values: 32, bytes: 2 + 4 + 16 },
  q5_1: { values: 32, bytes: 4 + 4 + 16 },
  q4_k: { values: 256, bytes: 4 + 12 + 128 },
  q5_k: { values: 256, bytes: 4 + 12 + 32 + 128 },
  q6_k: { values: 256, bytes: 128 + 64 + 16 + 2 },
};

/**
 * Bytes of a tensor of `shape` (outermost first), or undefined where no tensor can have it: a row that does not fill
 * whole blocks, a dimension that is no count, or more values than can be counted exactly.
 */
export function tensorBytes(type: TensorType, shape: readonly number[]): number | undefined {
  const { values, bytes } = blockSizes[type];
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  if ((shape.at(-1) ?? 1) % values !== 0) return undefined;
  const total = (count / values) * bytes;
  return Number.isSafeInteger(total) ? total : undefined;
}
