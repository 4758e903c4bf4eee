/** One loaded model as the engine sees it: an expert for the decode loop, its tokenizer, and what it costs. */

import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Expert, LogitsOptions, Signal } from '../core/expert.ts';
import { type GraphPrecision, type ModelLayout, readLayout } from '../models/layout.ts';
import { type Manifest, readManifest } from '../models/manifest.ts';
import { ChorusError } from '../protocol/failure.ts';
import { readTokenizer, type Tokenizer } from './tokenizer.ts';
import {
  CHUNK,
  type FromWorker,
  type SharedBuffers,
  SOFTMAX_ROWS,
  type ToWorker,
} from './worker-messages.ts';

export interface OpenExpertOptions {
  readonly name: string;
  readonly folder: string;
  readonly precision: GraphPrecision;
  /** Threads of the session's pool, >= 1. */
  readonly threads: number;
  /** The bundled worker, dist/worker.js. */
  readonly workerFile: string;
  /** Where graphs that are built from tensors are kept. */
  readonly cacheFolder: string;
  /** Runs an export as it is, to compare with. */
  readonly keepExport?: boolean;
  /** Called with values rising in [0, 1]. */
  readonly onProgress?: (progress: number) => void;
  /** Called when the loaded model's thread ends by itself; every later call rejects. */
  readonly onGone?: (why: ChorusError) => void;
}

export interface LoadedExpert extends Expert {
  readonly tokenizer: Tokenizer;
  readonly manifest: Manifest;
  readonly endTokens: ReadonlySet<number>;
  /** Where the chat template comes from, for error messages. */
  readonly templateFile: string;
  readonly precision: string;
  /** Why the graph is run as it was exported, with the cache copied at every token; undefined where it was rewritten. */
  readonly asExported: string | undefined;
  /** Tokens of the last call's context that were already in the KV cache. */
  readonly reused: number;
  /** Weights on disk plus KV cache, in bytes. */
  readonly memoryBytes: number;
  /**
   * log p(token j | tokens before it) in nats for j in [max(1, from), length); index 0 of the result is token `from`.
   * The first token of a context has no probability and is NaN.
   */
  score(context: Int32Array, from: number, signal?: Signal): Promise<Float64Array | 'cancelled'>;
  /** Forgets every context: the next answer depends on nothing that was asked before, not even by rounding. */
  forget(): Promise<void>;
  /** Waits for the call at hand and frees the session. */
  dispose(): Promise<void>;
}

/** Most rows `logits` can answer for at once. */
export const MAX_ROWS = CHUNK;

const endOfText = /^<(\|(endoftext|im_end|eot_id|end_of_text|end|eom_id|return)\||end_of_turn|eos|\/s)>$/;

/** Opens the model in `folder`. Rejects with a `ChorusError` that names the file at fault and the remedy. */
export async function openExpert(options: OpenExpertOptions): Promise<LoadedExpert> {
  const { name, folder, onProgress } = options;
  onProgress?.(0.05);
  const layout = await readLayout(folder, options.precision);
  onProgress?.(0.1);
  const tokenizer = await readTokenizer(layout.tokenizer, layout.tokenizerConfig);
  checkVocabulary(layout, tokenizer);
  const manifest = await readManifest(layout.manifest, {
    folderName: name,
    contextLength: layout.contextLength,
    hasToken: (token) => tokenizer.specialId(token) !== undefined,
  });
  onProgress?.(0.3);

  const vocabularySize = Math.min(tokenizer.size, layout.vocabularyRows);
  const shared: SharedBuffers = {
    context: new SharedArrayBuffer(4 * layout.contextLength),
    logits: new SharedArrayBuffer(4 * CHUNK * vocabularySize),
    probabilities: new SharedArrayBuffer(4 * SOFTMAX_ROWS * vocabularySize),
    logSumExps: new SharedArrayBuffer(8 * SOFTMAX_ROWS),
    logProbs: new SharedArrayBuffer(8 * layout.contextLength),
    cancel: new SharedArrayBuffer(4),
  };
  const worker = startWorker(options.workerFile, {
    onGone: (why) => options.onGone?.(why),
    onProgress: (progress) => onProgress?.(0.3 + 0.65 * progress),
  });
  let asExported: string | undefined;
  try {
    const { format, graph, precision, kvNames, layers, vocabularyRows, contextLength } = layout;
    const answer = await worker.ask({
      kind: 'load',
      format,
      folder,
      graph,
      precision,
      cacheFolder: options.cacheFolder,
      keepExport: options.keepExport ?? false,
      kvNames,
      layers,
      threads: options.threads,
      vocabularySize,
      vocabularyRows,
      contextLength,
      shared,
    });
    if (answer.kind === 'loaded') asExported = answer.asExported;
  } catch (thrown) {
    await worker.close();
    throw thrown;
  }
  onProgress?.(1);
  return loadedExpert({ name, layout, tokenizer, manifest, vocabularySize, shared, worker, asExported });
}

interface Parts {
  readonly name: string;
  readonly layout: ModelLayout;
  readonly tokenizer: Tokenizer;
  readonly manifest: Manifest;
  readonly vocabularySize: number;
  readonly shared: SharedBuffers;
  readonly worker: WorkerHandle;
  readonly asExported: string | undefined;
}

function loadedExpert({
  name,
  layout,
  tokenizer,
  manifest,
  vocabularySize,
  shared,
  worker,
  asExported,
}: Parts): LoadedExpert {
  const context = new Int32Array(shared.context);
  const logits = new Float32Array(shared.logits);
  const probabilities = new Float32Array(shared.probabilities);
  const logSumExps = new Float64Array(shared.logSumExps);
  const logProbs = new Float64Array(shared.logProbs);
  const cancel = new Int32Array(shared.cancel);
  let reused = 0;
  let cacheBytes = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** One call at a time: the shared buffers hold one question and one answer. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const next = last.then(task, task);
    last = next.catch(() => {});
    return next;
  };

  const run = async (tokens: Int32Array, rows: number, scoreFrom: number, signal: Signal | undefined) => {
    if (signal?.aborted) return 'cancelled';
    if (tokens.length > layout.contextLength) {
      throw new ChorusError(
        'context-full',
        `The text has ${tokens.length} tokens, '${name}' reads at most ${layout.contextLength}. Shorten it or start a new chat.`,
      );
    }
    context.set(tokens);
    Atomics.store(cancel, 0, 0);
    const stop = (): void => {
      Atomics.store(cancel, 0, 1);
    };
    const events = signal instanceof AbortSignal ? signal : undefined;
    events?.addEventListener('abort', stop, { once: true });
    try {
      const answer = await worker.ask({ kind: 'run', length: tokens.length, rows, scoreFrom });
      if (answer.kind !== 'ran')
        throw new Error(`unexpected answer '${answer.kind}' from the worker of '${name}'`);
      cacheBytes = answer.cacheBytes;
      reused = answer.reused;
      return answer.cancelled ? 'cancelled' : 'done';
    } finally {
      events?.removeEventListener('abort', stop);
    }
  };

  return {
    name,
    vocabularySize,
    contextLength: layout.contextLength,
    tokenizer,
    manifest,
    endTokens: endTokens(layout, tokenizer),
    templateFile: layout.tokenizerConfig,
    precision: layout.precision,
    asExported,
    get reused() {
      return reused;
    },
    get memoryBytes() {
      return layout.graphBytes + cacheBytes;
    },
    logits: (tokens, { rows, signal }: LogitsOptions) =>
      inTurn(async () => {
        if (rows < 1 || rows > CHUNK || rows > tokens.length) {
          throw new RangeError(`rows must be 1 to ${Math.min(CHUNK, tokens.length)}, not ${rows}`);
        }
        const outcome = await run(tokens, rows, tokens.length, signal);
        if (outcome === 'cancelled') return outcome;
        const length = rows * vocabularySize;
        return {
          logits: logits.subarray(0, length),
          softmax:
            rows <= SOFTMAX_ROWS
              ? { probabilities: probabilities.subarray(0, length), logSumExps: logSumExps.subarray(0, rows) }
              : undefined,
        };
      }),
    score: (tokens, from, signal) =>
      inTurn(async () => {
        const outcome = await run(tokens, Math.min(1, tokens.length), from, signal);
        return outcome === 'cancelled' ? outcome : logProbs.slice(from, tokens.length);
      }),
    forget: () =>
      inTurn(async () => {
        await worker.ask({ kind: 'forget' });
      }),
    dispose: () => inTurn(() => worker.close()),
  };
}

function checkVocabulary(layout: ModelLayout, tokenizer: Tokenizer): void {
  const { vocabularyRows } = layout;
  if (tokenizer.size <= vocabularyRows && tokenizer.size >= vocabularyRows * 0.9) return;
  throw new ChorusError(
    'tokenizer-invalid',
    `${layout.tokenizer} has ${tokenizer.size} tokens, the model ${vocabularyRows}: it belongs to another model. Download both from the same place again.`,
    layout.tokenizer,
  );
}

function endTokens(layout: ModelLayout, tokenizer: Tokenizer): ReadonlySet<number> {
  const ends = new Set(layout.endTokens);
  for (const id of tokenizer.specialIds) {
    if (endOfText.test(new TextDecoder().decode(tokenizer.bytes(id)))) ends.add(id);
  }
  return ends;
}

interface WorkerHandle {
  /** One question at a time; rejects with a `ChorusError`. */
  ask(order: ToWorker): Promise<FromWorker>;
  close(): Promise<void>;
}

interface WorkerEvents {
  readonly onGone: (why: ChorusError) => void;
  readonly onProgress: (progress: number) => void;
}

/** Starts the thread. It is never terminated while it runs a graph, which would abort the process. */
function startWorker(file: string, { onGone, onProgress }: WorkerEvents): WorkerHandle {
  // Read by the native module when it is first loaded; a worker with its own environment would not be heard.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const worker = new Worker(file, { env: SHARE_ENV });
  let waiting: { resolve: (message: FromWorker) => void; reject: (error: Error) => void } | undefined;
  let gone: ChorusError | undefined;

  const settle = (): typeof waiting => {
    const settled = waiting;
    waiting = undefined;
    return settled;
  };
  const end = (why: string): void => {
    if (gone !== undefined) return;
    gone = new ChorusError(
      'internal',
      `An expert's thread ended: ${why}. Switch the expert off and on again.`,
    );
    settle()?.reject(gone);
    onGone(gone);
  };
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'progress') onProgress(message.progress);
    else if (message.kind === 'failed') {
      const { code, message: text, file: path } = message.failure;
      settle()?.reject(new ChorusError(code, text, path));
    } else settle()?.resolve(message);
  });
  worker.on('error', (error) => end(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => end(`exit code ${code}`));

  const ask = (order: ToWorker): Promise<FromWorker> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) {
        reject(gone);
        return;
      }
      waiting = { resolve, reject };
      worker.postMessage(order);
    });
  return {
    ask,
    close: async () => {
      if (gone !== undefined) return;
      await ask({ kind: 'close' }).catch(() => {});
      gone ??= new ChorusError('internal', 'This expert was unloaded.');
    },
  };
}
