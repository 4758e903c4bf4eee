/** One ONNX decode graph with its KV cache, behind one question: the logits after a context. Runs in a worker. */

import * as ort from 'onnxruntime-node';
import { logProbability } from '../core/distribution.ts';
import { ChorusError } from '../protocol/failure.ts';
import { createKvCache, type KvEntry, type KvTensors } from './kv-cache.ts';
import { CHUNK, type LoadOrder } from './worker-messages.ts';

/** A chat and a completion alternate between tokens; each finds its own context again. */
const CONTEXTS = 2;

export interface Session {
  /**
   * Writes the last `rows` rows of logits, padding cut off, to the shared buffer, and log-probabilities from token
   * `scoreFrom` on. `cancelled` is asked between chunks; what was computed until then is kept.
   */
  run(order: {
    readonly context: Int32Array;
    readonly rows: number;
    readonly scoreFrom: number;
    readonly cancelled: () => boolean;
  }): Promise<{ readonly cancelled: boolean; readonly reused: number }>;
  cacheBytes(): number;
  /** Starts the next context from nothing. */
  forget(): void;
  release(): Promise<void>;
}

export async function openSession(order: LoadOrder): Promise<Session> {
  const session = await createSession(order);
  const graph = describeGraph(session, order);
  const cache = createKvCache(graph.empty, CONTEXTS);
  const outLogits = new Float32Array(order.shared.logits);
  const outLogProbs = new Float64Array(order.shared.logProbs);
  const size = order.vocabularySize;
  /** Which context the rows in the shared buffer belong to, so that asking twice costs nothing. */
  let answered: { readonly entry: KvEntry; readonly length: number; readonly rows: number } | undefined;

  const feed = async (entry: KvEntry, tokens: Int32Array): Promise<Float32Array> => {
    const past = entry.tokens.length;
    const results = await session.run(graph.feeds(entry.tensors, tokens, past));
    const logits = results.logits;
    if (logits === undefined || logits.dims[2] !== order.vocabularyRows) {
      throw vocabularyError(order, logits?.dims[2]);
    }
    entry.tensors = graph.presentToPast(results);
    entry.tokens = joined(entry.tokens, tokens);
    const logProbs = new Float64Array(past + tokens.length).fill(Number.NaN);
    logProbs.set(entry.logProbs);
    entry.logProbs = logProbs;
    return logits.data as Float32Array;
  };

  return {
    async run({ context, rows, scoreFrom, cancelled }) {
      const found = cache.best(context);
      const unknown = firstUnknown(found.entry, found.shared, Math.max(1, scoreFrom), context.length);
      if (
        unknown === undefined &&
        answered?.entry === found.entry &&
        answered.length === context.length &&
        found.shared === context.length &&
        answered.rows >= rows
      ) {
        outLogits.copyWithin(0, (answered.rows - rows) * size, answered.rows * size);
        answered = { ...answered, rows };
        copyScores(found.entry, scoreFrom, context.length, outLogProbs);
        return { cancelled: false, reused: context.length };
      }
      answered = undefined;
      const kept = Math.max(
        0,
        Math.min(found.shared, context.length - rows, (unknown ?? context.length) - 1),
      );
      /** log p of the first token of the next chunk, which only the row before the chunk can tell. */
      let boundary = kept < found.shared ? (found.entry.logProbs[kept] ?? Number.NaN) : Number.NaN;
      const entry = cache.rewind(found.entry, kept);
      for (const [start, end] of chunks(kept, context.length)) {
        if (cancelled()) return { cancelled: true, reused: kept };
        const data = await feed(entry, context.slice(start, end));
        const row = (position: number): Float32Array => {
          const offset = (position - start) * order.vocabularyRows;
          return data.subarray(offset, offset + size);
        };
        entry.logProbs[start] = boundary;
        for (let j = Math.max(start + 1, scoreFrom); j <= end && j < context.length; j++) {
          const score = logProbability(row(j - 1), context[j] as number);
          if (j === end) boundary = score;
          else entry.logProbs[j] = score;
        }
        for (let position = Math.max(start, context.length - rows); position < end; position++) {
          outLogits.set(row(position), (position - (context.length - rows)) * size);
        }
      }
      answered = { entry, length: context.length, rows };
      copyScores(entry, scoreFrom, context.length, outLogProbs);
      return { cancelled: false, reused: kept };
    },
    cacheBytes: () => cache.bytes(),
    forget() {
      cache.forget();
      answered = undefined;
    },
    release: () => session.release(),
  };
}

/** The first token from `from` on whose log-probability the entry does not know; undefined where it knows all. */
function firstUnknown(entry: KvEntry, shared: number, from: number, length: number): number | undefined {
  for (let j = from; j < length; j++) {
    if (j >= shared || Number.isNaN(entry.logProbs[j])) return j;
  }
  return undefined;
}

function copyScores(entry: KvEntry, from: number, length: number, out: Float64Array): void {
  if (from < length) out.set(entry.logProbs.subarray(from, length), from);
}

/** Splits [from, to) so that only the first chunk may be shorter than CHUNK: the last rows come from one run. */
function* chunks(from: number, to: number): Generator<readonly [number, number]> {
  let start = from;
  let end = from + ((to - from) % CHUNK || CHUNK);
  for (; start < to; start = end, end += CHUNK) yield [start, Math.min(end, to)];
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

async function createSession(order: LoadOrder): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(order.graph, {
      executionProviders: ['cpu'],
      intraOpNumThreads: order.threads,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      logSeverityLevel: 4,
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ChorusError(
      /alloc/i.test(why) ? 'out-of-memory' : 'model-invalid',
      /alloc/i.test(why)
        ? `There is not enough memory for ${order.graph}. Turn another expert off or choose a smaller model.`
        : `${order.graph} cannot be loaded; it is damaged, cut short, or not an ONNX model this runtime knows (${why.slice(0, 300)}). Download the model again.`,
      order.graph,
    );
  }
}

interface Graph {
  readonly empty: KvTensors;
  feeds(past: KvTensors, tokens: Int32Array, pastLength: number): Record<string, ort.Tensor>;
  presentToPast(results: ort.InferenceSession.OnnxValueMapType): KvTensors;
}

/** Checks that the graph has the inputs and outputs of a decoder with KV cache, and how to feed it. */
function describeGraph(session: ort.InferenceSession, order: LoadOrder): Graph {
  const inputs = new Map(session.inputMetadata.map((meta) => [meta.name, meta]));
  const outputs = new Map(session.outputMetadata.map((meta) => [meta.name, meta]));
  const presentOfPast = new Map<string, string>();
  const empty: Record<string, ort.Tensor> = {};
  for (let layer = 0; layer < order.layers; layer++) {
    const { pastKey, pastValue, presentKey, presentValue } = order.kvNames;
    for (const [past, present] of [
      [pastKey, presentKey],
      [pastValue, presentValue],
    ] as const) {
      const name = past.replace('%d', String(layer));
      const meta = inputs.get(name);
      const out = present.replace('%d', String(layer));
      if (meta === undefined || !meta.isTensor || !outputs.has(out)) {
        throw graphError(order, `it has no ${meta === undefined ? `input '${name}'` : `output '${out}'`}`);
      }
      if (meta.type !== 'float32')
        throw graphError(order, `its KV cache is ${meta.type}, and only float32 is read`);
      const [, heads, , headDim] = meta.shape;
      if (typeof heads !== 'number' || typeof headDim !== 'number') {
        throw graphError(
          order,
          `the shape of '${name}' is not [batch, heads, past, headDim] with fixed heads`,
        );
      }
      presentOfPast.set(name, out);
      empty[name] = new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, headDim]);
    }
  }
  for (const name of inputs.keys()) {
    if (!presentOfPast.has(name) && !['input_ids', 'attention_mask', 'position_ids'].includes(name)) {
      throw graphError(order, `it wants an input '${name}' that Chorus does not know`);
    }
  }
  const logits = outputs.get('logits');
  if (logits === undefined || !logits.isTensor) throw graphError(order, `it has no output 'logits'`);
  if (logits.type !== 'float32')
    throw graphError(order, `its logits are ${logits.type}, and only float32 is read`);
  const columns = logits.shape[2];
  if (typeof columns === 'number' && columns !== order.vocabularyRows) throw vocabularyError(order, columns);

  return {
    empty,
    feeds(past, tokens, pastLength) {
      const feeds: Record<string, ort.Tensor> = { ...past };
      const total = pastLength + tokens.length;
      if (inputs.has('input_ids')) feeds.input_ids = int64([...tokens]);
      if (inputs.has('attention_mask')) feeds.attention_mask = int64(new Array<number>(total).fill(1));
      if (inputs.has('position_ids'))
        feeds.position_ids = int64([...tokens.keys()].map((i) => pastLength + i));
      return feeds;
    },
    presentToPast(results) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const [past, present] of presentOfPast) tensors[past] = results[present] as ort.Tensor;
      return tensors;
    },
  };
}

/** [1, values] */
function int64(values: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
}

function graphError(order: LoadOrder, what: string): ChorusError {
  return new ChorusError(
    'model-invalid',
    `${order.graph} is not a decoder that Chorus can run: ${what}. Export it with a KV cache in float32 (int4 or fp32 weights).`,
    order.graph,
  );
}

function vocabularyError(order: LoadOrder, columns: number | undefined): ChorusError {
  return new ChorusError(
    'model-invalid',
    `${order.graph} gives logits for ${columns} tokens, its config says ${order.vocabularyRows}: they do not belong together. Download the model again.`,
    order.graph,
  );
}
