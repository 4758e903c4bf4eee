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
export function symbolicThread(script: string, limitMs = 20_000): SymbolicThread {
  let worker: Worker | undefined;
  let lost = 0;
  const ask = (first: string, second: string): Promise<boolean> =>
    new Promise((resolve) => {
      worker ??= new Worker(script, { resourceLimits: { maxOldGenerationSizeMb: 512 } });
      const asked = worker;
      // The time begins when the thread does: starting it is not the expressions' doing.
      let timer: ReturnType<typeof setTimeout> | undefined;
      const heard = (message: boolean | 'begun'): void => {
        if (message === 'begun') timer = setTimeout(giveUp, limitMs);
        else settle(message);
      };
      // One by one: removing all of a worker's listeners removes those by which it hears at all.
      const settle = (same: boolean): void => {
        clearTimeout(timer);
        asked.off('message', heard).off('error', giveUp);
        resolve(same);
      };
      const giveUp = (): void => {
        lost++;
        worker = undefined;
        settle(false);
        // Whatever it still says is nobody's business.
        asked.on('error', () => {});
        void asked.terminate();
      };
      asked.on('message', heard).on('error', giveUp);
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
