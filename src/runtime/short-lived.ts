/**
 * Frees arrays that nobody needs any more. Every run of a graph leaves its outputs behind, and V8, which sees small objects in
 * front of large memory outside, begins to collect when that is 64 MB. Looking through the young objects alone takes a millisecond
 * and finds nearly all of them.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of arrays after which the young objects are looked through. */
const ENOUGH = 16e6;

export interface ShortLived {
  /** Arrays of so many bytes were made and will not be kept. */
  made(bytes: number): void;
}

export function createShortLived(collect = youngCollector()): ShortLived {
  let bytes = 0;
  return {
    made(more) {
      bytes += more;
      if (bytes < ENOUGH) return;
      bytes = 0;
      collect();
    },
  };
}

/** Does nothing where the engine does not give its collector away. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  return typeof collect === 'function' ? () => collect({ type: 'minor' }) : () => {};
}
