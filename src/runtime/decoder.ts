/** A decode graph behind the two things a session asks of it: feed tokens, and go back. */

import type * as ort from 'onnxruntime-common';

/** The keys and values of one context. */
export interface Memory {
  /** Tokens held. */
  readonly length: number;
  readonly bytes: number;
  /** Goes back to the first `kept` tokens. */
  truncate(kept: number): void;
  /** Another memory with the first `kept` tokens, apart from this one. */
  fork(kept: number): Memory;
  /** Says that as many tokens will be held, so that room for them is made once. */
  reserve?(tokens: number): void;
  /** Frees what lies in a device's memory. */
  dispose?(): void;
}

export interface Decoder<M extends Memory = Memory> {
  /** The widest window that a layer sees instead of all positions; undefined where none is known to. */
  readonly window?: number | undefined;
  /** Most tokens of a run; CHUNK where it is left out. */
  readonly longestRun?: number | undefined;
  /** Longer runs can be fed, and a self-check may find that they are right. */
  readonly takesLonger?: boolean | undefined;
  createMemory(): M;
  /**
   * Where the run that starts after `from` tokens has to end, on the way to `to`: at most `longestRun` later, and at most `most` where
   * a row of logits is the same, to the last bit, however its context was cut into runs.
   */
  runEnd(from: number, to: number, most?: number): number;
  /**
   * Feeds 1 to `longestRun` tokens and remembers them.
   * @returns logits of the last `rows` of them, float32 [rows, experts, vocabularyRows], valid until the next call; `rows` >= 1
   */
  feed(memory: M, tokens: Int32Array, rows: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** The logits of a run, checked: [1, rows, vocabularyRows]. */
export function logitsOf(results: ort.InferenceSession.OnnxValueMapType): {
  readonly data: Float32Array;
  readonly columns: number;
} {
  const logits = results.logits;
  if (!(logits?.data instanceof Float32Array)) throw new Error('the graph gave no logits of float32');
  return { data: logits.data, columns: logits.dims[2] ?? 0 };
}
