/** Compares expressions in a thread of its own: after the time is up they count as different, and a new thread goes on. */

import { Worker } from 'node:worker_threads';
import type { SymbolicEqual } from './math-equal.ts';

export interface SymbolicThread {
  readonly equal: SymbolicEqual;
  /** How many comparisons were given up. */
  readonly givenUp: () => number;
  dispose(): Promise<void>;
}

/** @param script symbolic-worker.ts, bundled */
export function symbolicThread(script: string, limitMs = 5000): SymbolicThread {
  let worker: Worker | undefined;
  let lost = 0;
  const ask = (first: string, second: string): Promise<boolean> =>
    new Promise((resolve) => {
      worker ??= new Worker(script, { resourceLimits: { maxOldGenerationSizeMb: 512 } });
      const asked = worker;
      const settle = (same: boolean, end: boolean): void => {
        clearTimeout(timer);
        asked.removeAllListeners();
        if (end) {
          lost++;
          worker = undefined;
          // Whatever it still says is nobody's business.
          asked.on('error', () => {});
          void asked.terminate();
        }
        resolve(same);
      };
      // The time begins when the thread does: starting it is not the expressions' doing.
      let timer: ReturnType<typeof setTimeout> | undefined;
      asked.on('message', (message: boolean | 'begun') => {
        if (message === 'begun') timer = setTimeout(() => settle(false, true), limitMs);
        else settle(message, false);
      });
      asked.once('error', () => settle(false, true));
      asked.postMessage({ first, second });
    });
  // One at a time: an answer belongs to the question before it.
  let last: Promise<unknown> = Promise.resolve();
  return {
    equal: (first, second) => {
      const next = last.then(() => ask(first, second));
      last = next;
      return next;
    },
    givenUp: () => lost,
    async dispose() {
      await last;
      await worker?.terminate();
    },
  };
}
