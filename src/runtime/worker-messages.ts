/** What an expert's handle and its worker thread say to each other; the numbers themselves lie in shared memory. */

import type { KvNames, ModelLayout } from '../models/layout.ts';
import type { Device } from '../protocol/engine.ts';
import type { Failure } from '../protocol/failure.ts';
import type { DeviceLock } from './device-lock.ts';

/** Most rows whose softmax the expert's thread computes; more at once are for scoring, which needs a number of each. */
export const SOFTMAX_ROWS = 8;

/** Most positions one answer may cover, and the length of a prefill chunk: cancellation is seen between chunks. */
export const CHUNK = 64;

export interface SharedBuffers {
  /** int32 [contextLength]: the context asked about. */
  readonly context: SharedArrayBuffer;
  /** float32 [CHUNK, vocabularySize]: the answer's rows. */
  readonly logits: SharedArrayBuffer;
  /** float32 [SOFTMAX_ROWS, vocabularySize]: softmax of the answer's rows, where there are no more. */
  readonly probabilities: SharedArrayBuffer;
  /** float64 [SOFTMAX_ROWS]: log sum exp of these rows. */
  readonly logSumExps: SharedArrayBuffer;
  /** float64 [contextLength]: log p(token j | tokens before it) in nats, where it was asked for. */
  readonly logProbs: SharedArrayBuffer;
  /** int32 [1]: not 0 asks the worker to stop after the chunk at hand. */
  readonly cancel: SharedArrayBuffer;
}

/** What it takes to open a graph. */
export interface GraphOrder {
  readonly format: ModelLayout['format'];
  readonly folder: string;
  readonly graph: string;
  readonly precision: string;
  /** Where graphs that are built are kept. */
  readonly cacheFolder: string;
  readonly keepExport: boolean;
  readonly kvNames: KvNames;
  readonly layers: number;
  readonly threads: number;
  readonly vocabularySize: number;
  readonly vocabularyRows: number;
  readonly contextLength: number;
  /** Folder of each expert's adapter, null for the base itself: the rows of the batch. */
  readonly adapters: readonly (string | null)[];
}

/** A worker that is loaded already lets go of what it has. */
export interface LoadOrder extends GraphOrder {
  readonly kind: 'load';
  readonly device: Device;
  /** Most tokens of a run that the device was compared for. */
  readonly longestRun: number | undefined;
  readonly lock: DeviceLock;
  /** Of each expert. */
  readonly shared: readonly SharedBuffers[];
}

export interface RunOrder {
  readonly kind: 'run';
  /** Which of those that were loaded is asked. */
  readonly expert: number;
  readonly length: number;
  /** Rows of logits wanted, 0 to CHUNK. */
  readonly rows: number;
  /** Log-probabilities wanted from this token on; `length` for none. */
  readonly scoreFrom: number;
}

export type ToWorker = LoadOrder | RunOrder | { readonly kind: 'forget' | 'close' };

export type FromWorker =
  /** While it loads; in [0, 1]. */
  | { readonly kind: 'progress'; readonly progress: number }
  | {
      readonly kind: 'loaded';
      /** Why the export is run as it is; undefined where it was rewritten. */
      readonly asExported: string | undefined;
      readonly device: Device;
      /** Why it is not the device of the order; undefined where it is. */
      readonly deviceReason: string | undefined;
    }
  | {
      readonly kind: 'ran';
      readonly cancelled: boolean;
      readonly reused: number;
      readonly cacheBytes: number;
    }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'forgotten' | 'closed' };
