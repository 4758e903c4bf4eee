/**
 * How much memory a model takes once it is loaded and has read a context, estimated from its files' sizes and its config before
 * anything is loaded. Every term has a cause; what it is compared with is in test/engine/memory.test.ts and docs/performance.md.
 */

/** Of one layer unless it says otherwise. */
export interface NetworkSizes {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface MemoryFacts {
  readonly format: 'onnx' | 'safetensors' | 'gguf';
  /** `fp32`, `q8`, `q4`, or a name that does not say. */
  readonly precision: string;
  /** The graph and the files beside it. */
  readonly fileBytes: number;
  /** What of it is read as a whole, to be rewritten. */
  readonly readBytes: number;
  readonly tokenizerBytes: number;
  readonly vocabulary: number;
  readonly contextLength: number;
  readonly layers: number;
  /** Undefined where the config does not give them. */
  readonly network: NetworkSizes | undefined;
}

/** In bytes. */
export interface MemoryEstimate {
  /** As the kernels hold them, and what is looked up in the mapped file. */
  readonly weights: number;
  /** Keys and values of one context. */
  readonly context: number;
  /** Everything else: thread, tokenizer, activations, answers. */
  readonly work: number;
  readonly total: number;
  /** What of the total is there once for several experts of one base. */
  readonly shared: number;
}

/** What is counted on where a model reads more: longer contexts are rare, and their keys and values come token by token. */
const USUAL_CONTEXT = 4096;

/** The longest context an expert is given. */
export function limitedContext(contextLength: number, limit: number | undefined): number {
  return Math.min(contextLength, limit ?? contextLength);
}

/** The context that an estimate before loading counts on. */
export function usedContext(contextLength: number, limit: number | undefined): number {
  return Math.min(limitedContext(contextLength, limit), limit ?? USUAL_CONTEXT);
}

/** Tokens that are fed at once while a prompt is read. */
const CHUNK = 64;

/** Logits of one run, float32: two megabytes of numbers, so that those of a large vocabulary do not take more than the model. */
const LOGITS_AT_ONCE = 2 ** 21;
/** Fewer would read the weights too often. */
const LEAST_ROWS = 16;

/** Rows of logits that one run gives at most, where it is free to give fewer: a power of two, so that blocks are cut evenly. */
export function rowsAtOnce(vocabulary: number): number {
  return Math.min(CHUNK, Math.max(LEAST_ROWS, 2 ** Math.floor(Math.log2(LOGITS_AT_ONCE / vocabulary))));
}
const FLOAT = 4;

/**
 * Bytes of a weight as the kernels of products hold it, apart from the file. In 4 bits they keep codes, scales and sums of blocks: of
 * SmolLM2's 134.5 million weights, opening a session in ONNX Runtime 1.30 leaves 162 MB.
 */
const PACKED = { fp32: FLOAT, q8: 1.5, other: 1.2 } as const;

/** Bytes of a weight of the embedding, which is looked up in the mapped file: codes, and scales and zeros of blocks of 32. */
const LOOKED_UP = { fp32: FLOAT, q8: 0.65, other: 0.65 } as const;

/**
 * What the thread takes before it knows a model: ONNX Runtime's code and tables, and JavaScript's. Measured: what loading a pocket expert
 * takes above its weights and its tokenizer.
 */
const THREAD = 44e6;

/** A tokenizer's maps of tokens and merges, for each byte of its file. */
const TOKENIZER = 12;

/** Arrays that nobody needs any more and that are not collected yet, in JavaScript (runtime/short-lived.ts) and in the pools of the allocator. */
const UNCOLLECTED = 32e6;

/** Young objects of the two threads that an expert works in, once they are busy. */
const YOUNG = 16e6;

/** @param context tokens it will have read, at most `facts.contextLength` */
export function estimateMemory(facts: MemoryFacts, context: number): MemoryEstimate {
  const { network, layers, vocabulary } = facts;
  const perToken = network === undefined ? 0 : FLOAT * layers * 2 * network.kvHeads * network.headDim;
  const cache = perToken * context;
  const weights = weightBytes(facts);
  const fed = Math.min(CHUNK, context);
  const answers = FLOAT * Math.min(fed, rowsAtOnce(vocabulary)) * vocabulary;
  // A row of the mask for each token and each head of queries that shares keys; the scores of all heads, twice.
  const heads = network === undefined ? 1 : network.heads;
  const kvHeads = network === undefined ? 1 : network.kvHeads;
  const scores = 2 * FLOAT * fed * heads * (context + CHUNK);
  const mask = FLOAT * fed * Math.ceil(heads / kvHeads) * (context + CHUNK);
  // The mask grows with the context: half of the last one on the average.
  const outputs = (context / Math.max(1, fed)) * (answers + perToken * fed + mask / 2);
  const work =
    THREAD +
    TOKENIZER * facts.tokenizerBytes +
    2 * answers +
    scores +
    Math.min(UNCOLLECTED, facts.readBytes + outputs) +
    Math.min(YOUNG, outputs);
  return { weights, context: cache, work, total: weights + cache + work, shared: weights + THREAD };
}

/**
 * Before any file is there, about what a model of so many weights takes in 4 bits with the usual context: what `estimateMemory` gives for the
 * models of the catalogue, whose networks differ, lies around it.
 */
export function roughMemory(parameters: number): number {
  return 300e6 + 1.45 * parameters;
}

function weightBytes({ format, precision, fileBytes, vocabulary, layers, network }: MemoryFacts): number {
  const kind = precision === 'fp32' || precision === 'q8' ? precision : 'other';
  if (network === undefined) return kind === 'fp32' ? fileBytes : 2 * fileBytes;
  const { hidden, intermediate, heads, kvHeads, headDim } = network;
  const attention = 2 * hidden * headDim * (heads + kvHeads);
  const embedding = vocabulary * hidden;
  const values = layers * (attention + 3 * hidden * intermediate) + embedding;
  const held = PACKED[kind] * values + LOOKED_UP[kind] * embedding;
  // What a graph holds in a precision that is not known is no smaller than its file.
  const unknown = format === 'onnx' && kind === 'other' && precision !== 'q4';
  return unknown ? Math.max(held, fileBytes) : held;
}
