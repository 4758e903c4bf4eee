/**
 * Time that goes on only when nothing is left to do at a moment. Work that really takes time (an engine's) takes none here: whoever asked
 * for it says when its result is due.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

export interface VirtualTime {
  /** Milliseconds since the beginning. */
  now(): number;
  /** Runs `event` at that moment, after what is due then already. */
  at(moment: number, event: () => void): void;
  /** Resolves after so long, early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Time stands still until the work is done. */
  standStill(work: Promise<unknown>): void;
  /** Goes on until nothing is due any more; rejects as soon as work for which time stood still does. */
  run(): Promise<void>;
}

interface Due {
  readonly moment: number;
  readonly event: () => void;
}

export function createVirtualTime(): VirtualTime {
  let now = 0;
  /** By their moments; of the same moment in the order in which they came. */
  let due: readonly Due[] = [];
  const underWay = new Set<Promise<unknown>>();

  const at = (moment: number, event: () => void): void => {
    const before = due.filter((one) => one.moment <= moment);
    due = [...before, { moment: Math.max(now, moment), event }, ...due.slice(before.length)];
  };
  /** A turn of the event loop comes after everything that promises have set off. */
  const settle = async (): Promise<void> => {
    await nextTurn();
    while (underWay.size > 0) {
      await Promise.all(underWay);
      await nextTurn();
    }
  };

  return {
    now: () => now,
    at,
    pause: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
        at(now + ms, resolve);
      }),
    standStill(work) {
      underWay.add(work);
      void work.then(
        () => underWay.delete(work),
        () => undefined,
      );
    },
    async run() {
      for (await settle(); due.length > 0; await settle()) {
        const [next, ...others] = due;
        due = others;
        now = next?.moment ?? now;
        next?.event();
      }
    },
  };
}
