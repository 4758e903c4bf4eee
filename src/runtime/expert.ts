/** One loaded model as the engine sees it: an expert for the decode loop, its tokenizer, and what it costs. */

import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Expert, LogitsOptions, Signal } from '../core/expert.ts';
import type { ModelLayout } from '../models/layout.ts';
import { type Manifest, readManifest } from '../models/manifest.ts';
import { limitedContext, rowsAtOnce } from '../models/memory.ts';
import { orCancelled } from '../protocol/abort.ts';
import type { DeviceSetting, LoadStage } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import { convert, needsConversion } from './conversion.ts';
import { deviceNames } from './devices.ts';
import { createGroups, type Groups, type Seat } from './group.ts';
import { type ExpertLayout, type LayoutOptions, layoutOf } from './layout.ts';
import type { Devices } from './model-device.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { sharedTokenizer } from './shared-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';
import { CHUNK, type SharedBuffers, SOFTMAX_ROWS } from './worker-messages.ts';

export interface OpenExpertOptions extends LayoutOptions {
  readonly name: string;
  /** That of `folder`, where it was read already. */
  readonly layout?: ExpertLayout;
  /** Most tokens of context, where that is less than the model reads. */
  readonly contextLimit?: number | undefined;
  /** Threads of the session's pool, >= 1; those of experts that share a session are added up. */
  readonly threads: number;
  /** The bundled worker, dist/worker.js, which has the converter beside it. */
  readonly workerFile: string;
  /** Experts opened with the same one share what they can; alone where it is left out. */
  readonly groups?: Groups;
  /** `cpu` where left out. */
  readonly device?: DeviceSetting | undefined;
  /** Who chooses among devices where `groups` is left out. */
  readonly devices?: Devices | undefined;
  /** Runs an export as it is, to compare with. */
  readonly keepExport?: boolean;
  /** Called with values rising in [0, 1], of each stage for itself. */
  readonly onProgress?: (progress: number, stage: LoadStage) => void;
  /** Ends the conversion of a model that comes as tensors; without effect on what follows, which is short. */
  readonly signal?: AbortSignal | undefined;
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
  /** As people know it. */
  readonly device: string;
  /** Why it is this one, where another was asked for or tried. */
  readonly deviceReason: string | undefined;
  /** Rows of logits that are best asked for at once where many are wanted: of a large vocabulary fewer, for their memory. */
  readonly maxRows: number;
  /** Tokens of the last call's context that were already in the KV cache. */
  readonly reused: number;
  /** Weights on disk plus KV cache, in bytes; of experts that share a base each its part. */
  readonly memoryBytes: number;
  /**
   * log p(token j | tokens before it) in nats for j in [max(1, from), length); index 0 of the result is token `from`.
   * The first token of a context has no probability and is NaN.
   */
  score(context: Int32Array, from: number, signal?: Signal): Promise<Float64Array | 'cancelled'>;
  /** Forgets every context, also for those that share the base: the next answer depends on nothing that was asked before, not even by rounding. */
  forget(): Promise<void>;
  /** Waits for the call at hand and frees the session. */
  dispose(): Promise<void>;
}

/** Most rows `logits` can answer for at once. */
export const MAX_ROWS = CHUNK;

const endOfText = /^<(\|(endoftext|im_end|eot_id|end_of_text|end|eom_id|return)\||end_of_turn|eos|\/s)>$/;

/**
 * Opens the model or the adapter in `folder`. Adapters of one base, and the base itself, that are opened with the same `groups`
 * share one worker and the base's weights. Rejects with a `ChorusError` that names the file at fault and the remedy.
 */
export async function openExpert(options: OpenExpertOptions): Promise<LoadedExpert> {
  const { name } = options;
  const onProgress = (progress: number): void => options.onProgress?.(progress, 'loading');
  const groups = options.groups ?? createGroups(options.workerFile, options.devices);
  onProgress(0.05);
  const { layout, seat } = await seated(options, groups);
  onProgress(0.1);
  try {
    const { tokenizer, manifest } = await readParts(name, layout);
    onProgress(0.3);
    const vocabularySize = Math.min(tokenizer.size, layout.vocabularyRows);
    const shared: SharedBuffers = {
      context: new SharedArrayBuffer(4 * layout.contextLength),
      logits: new SharedArrayBuffer(4 * CHUNK * vocabularySize),
      probabilities: new SharedArrayBuffer(4 * SOFTMAX_ROWS * vocabularySize),
      logSumExps: new SharedArrayBuffer(8 * SOFTMAX_ROWS),
      logProbs: new SharedArrayBuffer(8 * layout.contextLength),
      cancel: new SharedArrayBuffer(4),
    };
    await seat.open({
      shared,
      vocabularySize,
      threads: options.threads,
      onGone: (why) => options.onGone?.(why),
      onProgress: (progress) => onProgress(0.3 + 0.65 * progress),
    });
    onProgress(1);
    return loadedExpert({ name, layout, tokenizer, manifest, vocabularySize, shared, seat });
  } catch (thrown) {
    await seat.leave();
    throw thrown;
  }
}

async function seated(
  options: OpenExpertOptions,
  groups: Groups,
): Promise<{ readonly layout: ExpertLayout; readonly seat: Seat }> {
  let arrived = groups.arriving();
  try {
    const layout = options.layout ?? (await layoutOf(options));
    if (await needsConversion(layout, options)) {
      // Nobody waits for so long to be loaded together with this one.
      arrived();
      await convert(layout, {
        program: join(dirname(options.workerFile), 'convert.js'),
        cacheFolder: options.cacheFolder,
        onProgress: (progress) => options.onProgress?.(progress, 'converting'),
        signal: options.signal,
      });
      arrived = groups.arriving();
    }
    const { format, folder, precision, kvNames, layers, vocabularyRows, contextLength, adapter } = layout;
    const { cacheFolder, keepExport = false, device = 'cpu' } = options;
    const graph = await realpath(layout.graph).catch(() => layout.graph);
    const model = {
      format,
      folder,
      graph,
      precision,
      cacheFolder,
      keepExport,
      kvNames,
      layers,
      vocabularyRows,
      contextLength,
      wanted: device,
      graphBytes: layout.graphBytes,
    };
    // The graph is the same whatever the limit.
    const limited = { ...layout, contextLength: limitedContext(contextLength, options.contextLimit) };
    return { layout: limited, seat: groups.seat(model, adapter?.folder ?? null) };
  } finally {
    arrived();
  }
}

/** What is read of any model before it is opened: `name` is what its family is guessed by. Rejects with a `ChorusError`. */
export async function readParts(
  name: string,
  layout: ExpertLayout,
): Promise<{ readonly tokenizer: Tokenizer; readonly manifest: Manifest }> {
  const tokenizer = await sharedTokenizer(layout.tokenizer, layout.tokenizerConfig, layout.vocabularyRows);
  checkVocabulary(layout, tokenizer);
  return { tokenizer, manifest: await manifestOf(name, layout, tokenizer) };
}

/** What an adapter's manifest does not say, its base's does. */
async function manifestOf(
  name: string,
  { manifest, adapter, folder, contextLength }: ExpertLayout,
  tokenizer: Tokenizer,
): Promise<Manifest> {
  const hints = {
    contextLength,
    hasToken: (token: string) => tokenizer.specialId(token) !== undefined,
  };
  if (adapter === undefined) return readManifest(manifest, { ...hints, folderName: name });
  const base = await readManifest(adapter.baseManifest, { ...hints, folderName: basename(folder) });
  return readManifest(manifest, { ...hints, folderName: name, completion: base.completion });
}

interface Parts {
  readonly name: string;
  readonly layout: ExpertLayout;
  readonly tokenizer: Tokenizer;
  readonly manifest: Manifest;
  readonly vocabularySize: number;
  readonly shared: SharedBuffers;
  readonly seat: Seat;
}

function loadedExpert({
  name,
  layout,
  tokenizer,
  manifest,
  vocabularySize,
  shared,
  seat,
}: Parts): LoadedExpert {
  const context = new Int32Array(shared.context);
  const logits = new Float32Array(shared.logits);
  const probabilities = new Float32Array(shared.probabilities);
  const logSumExps = new Float64Array(shared.logSumExps);
  const logProbs = new Float64Array(shared.logProbs);
  const cancel = new Int32Array(shared.cancel);
  let reused = 0;
  let cacheBytes = 0;

  /** One call at a time: the shared buffers hold one question and one answer. */
  const inTurn = oneAtATime();

  /** Who cancels has an answer at once; the run that cannot be stopped ends before the next begins. */
  const answered = <T>(signal: Signal | undefined, task: () => Promise<T>): Promise<T | 'cancelled'> =>
    orCancelled(inTurn(task), signal instanceof AbortSignal ? signal : undefined);

  const run = async (tokens: Int32Array, rows: number, scoreFrom: number, signal: Signal | undefined) => {
    if (signal?.aborted) return 'cancelled';
    if (tokens.length > layout.contextLength) {
      throw new ChorusError(
        'context-full',
        `The text has ${tokens.length} tokens, '${name}' reads at most ${layout.contextLength}. Shorten it or start a new chat.`,
      );
    }
    Atomics.store(cancel, 0, 0);
    const stop = (): void => {
      Atomics.store(cancel, 0, 1);
    };
    const events = signal instanceof AbortSignal ? signal : undefined;
    events?.addEventListener('abort', stop, { once: true });
    try {
      const order = { length: tokens.length, rows, scoreFrom };
      const answer = await seat.run(order, () => context.set(tokens));
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
    get asExported() {
      return seat.asExported();
    },
    get device() {
      return deviceNames[seat.device().device];
    },
    get deviceReason() {
      return seat.device().reason;
    },
    get reused() {
      return reused;
    },
    get memoryBytes() {
      // The base and what it remembers are there once for all who share it.
      const part = (layout.graphBytes + cacheBytes) / seat.members();
      return Math.round(part) + (layout.adapter?.bytes ?? 0);
    },
    maxRows: rowsAtOnce(vocabularySize),
    logits: (tokens, { rows, signal }: LogitsOptions) =>
      answered(signal, async () => {
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
      answered(signal, async () => {
        const outcome = await run(tokens, Math.min(1, tokens.length), from, signal);
        return outcome === 'cancelled' ? outcome : logProbs.slice(from, tokens.length);
      }),
    forget: () => inTurn(() => seat.forget()),
    dispose: () => inTurn(() => seat.leave()),
  };
}

/** Rejects a tokenizer of another model. */
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
