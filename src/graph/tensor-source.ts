/** The weights of a model as the writer of graphs sees them, whatever file they come from. */

import type { Bits } from './block.ts';

export type TensorType =
  | 'f32'
  | 'f16'
  | 'bf16'
  /** Bytes; no weights of a model, see `openSafetensors`. */
  | 'u8'
  | 'q8_0'
  | 'q4_0'
  | 'q4_1'
  | 'q5_0'
  | 'q5_1'
  | 'q4_k'
  | 'q5_k'
  | 'q6_k';

export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  /** Row-major, outermost first (GGUF's reversed). */
  readonly shape: readonly number[];
}

/** How many values a tensor of this shape has. */
export function valueCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A matrix [rows N, columns K], K a multiple of 32: value = scale * code + offset, by blocks of 32 along K. */
export interface StoredBlocks {
  readonly rows: number;
  readonly columns: number;
  readonly bits: Bits;
  /** [N, K / 32, 32 bits / 8], the earlier code in the lower bits. */
  readonly packed: Uint8Array;
  /** [N, K / 32]. */
  readonly scales: Float32Array;
  /** [N, K / 32]: what the code 0 stands for. */
  readonly offsets: Float64Array;
}

export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Decoded to float32 row-major; reads only this tensor's bytes. */
  readFloat32(name: string): Promise<Float32Array>;
  /**
   * A matrix's own codes, where it is stored in blocks that graphs have too; undefined where it is not. Reads only this tensor's
   * bytes.
   */
  readBlocks?(name: string): Promise<StoredBlocks | undefined>;
  close(): Promise<void>;
}
