/** One ONNX decode graph with its KV cache, behind one question: the logits after a context. Runs in a worker. */

import { logProbability } from '../core/distribution.ts';
import { createKvCache, type KvEntry } from './kv-cache.ts';
import { openDecoder, sessionOptions } from './open-decoder.ts';
import { createSoftmax } from './softmax.ts';
import { type LoadOrder, SOFTMAX_ROWS } from './worker-messages.ts';

/** A chat, a completion and their earlier versions take turns; each finds its own context again. */
const LIMITS = { contexts: 8, bytes: 256 * 1024 * 1024 };

export interface Session {
  /** Why the export is run as it is; undefined where it was rewritten. */
  readonly asExported: string | undefined;
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

export async function openSession(
  order: LoadOrder,
  onProgress: (progress: number) => void,
): Promise<Session> {
  const { decoder, asExported } = await openDecoder(order, onProgress);
  const softmax = await createSoftmax(order.vocabularySize, sessionOptions(order.threads));
  const cache = createKvCache(decoder.createMemory, LIMITS);
  const outLogits = new Float32Array(order.shared.logits);
  const outProbabilities = new Float32Array(order.shared.probabilities);
  const outLogSumExps = new Float64Array(order.shared.logSumExps);
  const outLogProbs = new Float64Array(order.shared.logProbs);
  const size = order.vocabularySize;
  /** Which context the rows in the shared buffer belong to, so that asking twice costs nothing. */
  let answered: { readonly entry: KvEntry; readonly length: number; readonly rows: number } | undefined;

  const feed = async (entry: KvEntry, tokens: Int32Array, rows: number): Promise<Float32Array> => {
    const logits = await decoder.feed(entry.memory, tokens, rows);
    entry.tokens = joined(entry.tokens, tokens);
    const logProbs = new Float64Array(entry.tokens.length).fill(Number.NaN);
    logProbs.set(entry.logProbs);
    entry.logProbs = logProbs;
    return logits;
  };

  const finish = async (rows: number): Promise<void> => {
    if (rows === 0 || rows > SOFTMAX_ROWS) return;
    const length = rows * size;
    // The kernel does not read shared memory.
    await softmax.run(outLogits.slice(0, length), outProbabilities.subarray(0, length), outLogSumExps);
  };

  return {
    asExported,
    async run({ context, rows, scoreFrom, cancelled }) {
      const found = cache.best(context);
      const unknown = firstUnknown(found.entry, found.shared, Math.max(1, scoreFrom), context.length);
      if (
        unknown === undefined &&
        found.entry !== undefined &&
        answered?.entry === found.entry &&
        answered.length === context.length &&
        found.shared === context.length &&
        answered.rows >= rows
      ) {
        outLogits.copyWithin(0, (answered.rows - rows) * size, answered.rows * size);
        answered = { ...answered, rows };
        await finish(rows);
        copyScores(found.entry, scoreFrom, context.length, outLogProbs);
        return { cancelled: false, reused: context.length };
      }
      answered = undefined;
      const kept = Math.max(
        0,
        Math.min(found.shared, context.length - rows, (unknown ?? context.length) - 1),
      );
      /** log p of the first token of the next chunk, which only the row before the chunk can tell. */
      let boundary = kept < found.shared ? (found.entry?.logProbs[kept] ?? Number.NaN) : Number.NaN;
      const entry = cache.rewind(found.entry, kept);
      for (let start = kept, end = kept; start < context.length; start = end) {
        if (cancelled()) return { cancelled: true, reused: kept };
        end = decoder.runEnd(start, context.length);
        // Rows are computed from the first on that is asked for, at least the last.
        const first = Math.min(end - 1, Math.max(start, Math.min(context.length - rows, scoreFrom - 1)));
        const data = await feed(entry, context.slice(start, end), end - first);
        const row = (position: number): Float32Array => {
          const offset = (position - first) * order.vocabularyRows;
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
      cache.trim();
      await finish(rows);
      answered = { entry, length: context.length, rows };
      copyScores(entry, scoreFrom, context.length, outLogProbs);
      return { cancelled: false, reused: kept };
    },
    cacheBytes: () => cache.bytes(),
    forget() {
      cache.forget();
      answered = undefined;
    },
    async release() {
      await softmax.release();
      await decoder.release();
    },
  };
}

/** The first token from `from` on whose log-probability the entry does not know; undefined where it knows all. */
function firstUnknown(
  entry: KvEntry | undefined,
  shared: number,
  from: number,
  length: number,
): number | undefined {
  for (let j = from; j < length; j++) {
    if (j >= shared || Number.isNaN(entry?.logProbs[j] ?? Number.NaN)) return j;
  }
  return undefined;
}

function copyScores(entry: KvEntry, from: number, length: number, out: Float64Array): void {
  if (from < length) out.set(entry.logProbs.subarray(from, length), from);
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
