/** What mixing asks of a model, and nothing more: the logits that follow a context. */

/** The part of an AbortSignal that mixing reads. */
export interface Signal {
  readonly aborted: boolean;
}

export interface LogitsOptions {
  /** How many of the last positions to answer for; 1 for plain decoding. */
  readonly rows: number;
  readonly signal?: Signal | undefined;
}

export interface Expert {
  readonly name: string;
  /** Number of real tokens; the padding rows that some models append are not counted. */
  readonly vocabularySize: number;
  /** Longest context in tokens. */
  readonly contextLength: number;
  /**
   * Raw logits after each of the last `rows` tokens of `context` (length >= rows >= 1).
   * Row-major [rows, vocabularySize], float32, valid until the next call. What the expert remembers between calls
   * (its KV cache) is its own affair: the answer depends on `context` alone.
   */
  logits(context: Int32Array, options: LogitsOptions): Promise<Float32Array | 'cancelled'>;
}
