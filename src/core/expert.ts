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

/** What an expert says after each of several tokens; V is its vocabulary. */
export interface Rows {
  /** Raw logits, row-major [rows, V]. */
  readonly logits: Float32Array;
  /** Their softmax, where the expert computes it itself; elsewhere it is computed here. */
  readonly softmax?: RowsSoftmax | undefined;
}

export interface RowsSoftmax {
  /** softmax of each row, [rows, V]. */
  readonly probabilities: Float32Array;
  /** log sum exp of each row in nats, [rows]: log p(x) = logits[x] - logSumExp. */
  readonly logSumExps: Float64Array;
}

/** Rows of one's own, which stay valid. */
export function copyRows({ logits, softmax }: Rows): Rows {
  return {
    logits: logits.slice(),
    softmax: softmax && {
      probabilities: softmax.probabilities.slice(),
      logSumExps: softmax.logSumExps.slice(),
    },
  };
}

export interface Expert {
  readonly name: string;
  /** Number of real tokens; the padding rows that some models append are not counted. */
  readonly vocabularySize: number;
  /** Longest context in tokens. */
  readonly contextLength: number;
  /**
   * What follows each of the last `rows` tokens of `context` (length >= rows >= 1), valid until the next call. What the expert
   * remembers between calls (its KV cache) is its own affair: the answer depends on `context` alone.
   */
  logits(context: Int32Array, options: LogitsOptions): Promise<Rows | 'cancelled'>;
}
