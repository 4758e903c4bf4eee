/** Small tensors of whole numbers, as graphs take them. */

import * as ort from 'onnxruntime-node';

export function int64(values: Iterable<number>, dims: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

/** from, from + 1, ... */
export function counting(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
