/**
 * One ONNX decode graph with its KV cache, behind one question: the logits after a context. Runs in a worker. Of a graph that is
 * several experts over one base, each run answers for all of them, and who asks for the same context next has its answer.
 */

import { logProbability } from '../core/distribution.ts';
import { rowsAtOnce } from '../models/memory.ts';
import { createKvCache, type KvEntry } from './kv-cache.ts';
import { type OpenedDecoder, openDecoder, sessionOptions } from './open-decoder.ts';
import { createPace } from './pace.ts';
import { createSoftmax } from './softmax.ts';
import { type LoadOrder, type SharedBuffers, SOFTMAX_ROWS } from './worker-messages.ts';

/** A chat, a completion and their earlier versions take turns; each finds its own context again. */
const LIMITS = { contexts: 8, bytes: 256 * 1024 * 1024 };

export interface Session extends Pick<OpenedDecoder, 'device' | 'deviceReason'> {
  /** Why the export is run as it is; undefined where it was rewritten. */
  readonly asExported: string | undefined;
  /**
   * Writes the last `rows` rows of an expert's logits, padding cut off, to its shared buffer, and log-probabilities from
   * token `scoreFrom` on. `cancelled` is asked between chunks; what was computed until then is kept.
   */
  run(order: {
    /** Its place in the order to load. */
    readonly expert: number;
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
  const { decoder, asExported, device, deviceReason } = await openDecoder(order, order, onProgress);
  // One thread: ONNX Runtime divides the kernel by rows, and a second one would spin between two tokens.
  const softmax = await createSoftmax(order.vocabularySize, sessionOptions(1));
  const experts = order.shared.length;
  const cache = createKvCache(decoder.createMemory, {
    experts,
    contexts: LIMITS.contexts,
    bytes: experts * LIMITS.bytes,
  });
  const outs = order.shared.map(outputsOf);
  const size = order.vocabularySize;
  const mostRows = rowsAtOnce(experts * order.vocabularyRows);
  const pace = createPace(decoder.longestRun);
  /** The logits of the last run, [experts, rows, size]: asking again, or for another expert, costs nothing. */
  let held = new Float32Array(experts * size);
  let answered: { readonly entry: KvEntry; readonly length: number; readonly rows: number } | undefined;

  const feed = async (entry: KvEntry, tokens: Int32Array, rows: number): Promise<Float32Array> => {
    const logits = await decoder.feed(entry.memory, tokens, rows);
    entry.tokens = joined(entry.tokens, tokens);
    entry.logProbs = entry.logProbs.map((before) => {
      const logProbs = new Float64Array(entry.tokens.length).fill(Number.NaN);
      logProbs.set(before);
      return logProbs;
    });
    return logits;
  };

  /** Gives `expert` its last `rows` rows of what is held, and its scores. */
  const give = async (
    { entry, length, rows: all }: NonNullable<typeof answered>,
    {
      expert,
      rows,
      scoreFrom,
    }: { readonly expert: number; readonly rows: number; readonly scoreFrom: number },
  ): Promise<void> => {
    const out = outs[expert];
    if (out === undefined) throw new RangeError(`there is no expert ${expert}`);
    const logits = held.subarray((expert * all + all - rows) * size, (expert + 1) * all * size);
    out.logits.set(logits);
    // The kernel does not keep what it reads.
    if (rows > 0 && rows <= SOFTMAX_ROWS)
      await softmax.run(logits, out.probabilities.subarray(0, rows * size), out.logSumExps);
    if (scoreFrom < length)
      out.logProbs.set(logProbsOf(entry, expert).subarray(scoreFrom, length), scoreFrom);
  };

  return {
    asExported,
    device,
    deviceReason,
    async run({ expert, context, rows, scoreFrom, cancelled }) {
      const found = cache.best(context);
      const known = found.entry && logProbsOf(found.entry, expert);
      const unknown = firstUnknown(known, found.shared, Math.max(1, scoreFrom), context.length);
      if (
        unknown === undefined &&
        answered !== undefined &&
        answered.entry === found.entry &&
        answered.length === context.length &&
        found.shared === context.length &&
        answered.rows >= rows
      ) {
        await give(answered, { expert, rows, scoreFrom });
        return { cancelled: false, reused: context.length };
      }
      answered = undefined;
      const kept = Math.max(
        0,
        Math.min(found.shared, context.length - rows, (unknown ?? context.length) - 1),
      );
      /** log p of the first token of the next chunk by each expert, which only the row before the chunk can tell. */
      const boundary = Array.from({ length: experts }, (_, e) =>
        kept < found.shared && found.entry ? (logProbsOf(found.entry, e)[kept] ?? Number.NaN) : Number.NaN,
      );
      const entry = cache.rewind(found.entry, kept);
      const wanted = context.length - rows;
      if (held.length < experts * rows * size) held = new Float32Array(experts * rows * size);
      entry.memory.reserve?.(context.length);
      for (let start = kept, end = kept; start < context.length; start = end) {
        if (cancelled()) return { cancelled: true, reused: kept };
        const firstRow = Math.max(start, Math.min(wanted, scoreFrom - 1));
        end = decoder.runEnd(start, context.length, Math.min(pace.most(), firstRow - start + mostRows));
        // Rows are computed from the first on that is asked for, at least the last.
        const first = Math.min(end - 1, firstRow);
        const began = performance.now();
        const data = await feed(entry, context.slice(start, end), end - first);
        pace.ran(end - start, performance.now() - began);
        for (let e = 0; e < experts; e++) {
          const row = (position: number): Float32Array => {
            const offset = ((position - first) * experts + e) * order.vocabularyRows;
            return data.subarray(offset, offset + size);
          };
          const logProbs = logProbsOf(entry, e);
          logProbs[start] = boundary[e] ?? Number.NaN;
          for (let j = Math.max(start + 1, scoreFrom); j <= end && j < context.length; j++) {
            const score = logProbability(row(j - 1), context[j] as number);
            if (j === end) boundary[e] = score;
            else logProbs[j] = score;
          }
          for (let position = Math.max(start, wanted); position < end; position++) {
            held.set(row(position), (e * rows + position - wanted) * size);
          }
        }
      }
      cache.trim();
      answered = { entry, length: context.length, rows };
      await give(answered, { expert, rows, scoreFrom });
      return { cancelled: false, reused: kept };
    },
    cacheBytes: () => cache.bytes(),
    forget() {
      cache.forget();
      answered = undefined;
    },
    async release() {
      cache.forget();
      await softmax.release();
      await decoder.release();
    },
  };
}

interface Outputs {
  readonly logits: Float32Array;
  readonly probabilities: Float32Array;
  readonly logSumExps: Float64Array;
  readonly logProbs: Float64Array;
}

function outputsOf({ logits, probabilities, logSumExps, logProbs }: SharedBuffers): Outputs {
  return {
    logits: new Float32Array(logits),
    probabilities: new Float32Array(probabilities),
    logSumExps: new Float64Array(logSumExps),
    logProbs: new Float64Array(logProbs),
  };
}

function logProbsOf(entry: KvEntry, expert: number): Float64Array {
  const found = entry.logProbs[expert];
  if (found === undefined) throw new RangeError(`there is no expert ${expert}`);
  return found;
}

/** The first token from `from` on whose log-probability is not known; undefined where it knows all. */
function firstUnknown(
  logProbs: Float64Array | undefined,
  shared: number,
  from: number,
  length: number,
): number | undefined {
  for (let j = from; j < length; j++) {
    if (j >= shared || Number.isNaN(logProbs?.[j] ?? Number.NaN)) return j;
  }
  return undefined;
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
