/** What is told while a model is fetched. */

import type { ModelSource } from '../models/catalog.ts';
import type { Failure } from '../protocol/failure.ts';

export type FetchProgress =
  /** Another process fetches the same model; this one goes on when that one has ended, well or not. */
  | { readonly kind: 'waiting' }
  /** A source is tried: `bytes` over the network, less what is there from before; `from` is an address, or `pip`. */
  | { readonly kind: 'source'; readonly source: ModelSource; readonly from: string; readonly bytes: number }
  /** `done` of `total` bytes of this source are on the disk; at most ten times a second. */
  | { readonly kind: 'bytes'; readonly done: number; readonly total: number }
  /** Sizes and hashes are compared, or a file is taken out of a wheel. */
  | { readonly kind: 'verifying' }
  /** A connection broke or the hub was busy; it is tried again after `waitMs`. */
  | { readonly kind: 'retrying'; readonly why: string; readonly waitMs: number }
  /** This source did not give the model; the next one is tried, if there is one. Told once for each. */
  | { readonly kind: 'source-failed'; readonly source: ModelSource; readonly failure: Failure };

export type OnFetchProgress = (progress: FetchProgress) => void;

const SHORTEST_PAUSE_MS = 100;

/** Tells how many of `total` bytes are there, not more often than people can read, and always the last. */
export function byteProgress(total: number, onProgress: OnFetchProgress): (done: number) => void {
  let told = Number.NEGATIVE_INFINITY;
  let last = -1;
  return (done) => {
    const now = performance.now();
    if (done === last || (done < total && now - told < SHORTEST_PAUSE_MS)) return;
    told = now;
    last = done;
    onProgress({ kind: 'bytes', done, total });
  };
}
