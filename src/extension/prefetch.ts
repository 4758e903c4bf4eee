/** The one completion that is asked for ahead of time. It gives way to every other. */

import { orCancelled } from '../protocol/abort.ts';

export interface Prefetch {
  /** Starts the work in place of any before it. `key` names what it will answer. */
  start(key: string, work: (signal: AbortSignal) => Promise<unknown>): void;
  isUnderWay(): boolean;
  /**
   * Waits for the work of this key, if it is under way; true where it came to its end before the signal aborted. Work of another
   * key is given up.
   */
  join(key: string, signal: AbortSignal): Promise<boolean>;
}

interface Pending {
  readonly key: string;
  readonly controller: AbortController;
  readonly done: Promise<unknown>;
}

/** `work` must not reject. */
export function createPrefetch(): Prefetch {
  let pending: Pending | undefined;
  return {
    start(key, work) {
      pending?.controller.abort();
      const controller = new AbortController();
      const mine: Pending = { key, controller, done: work(controller.signal) };
      pending = mine;
      void mine.done.then(() => {
        if (pending === mine) pending = undefined;
      });
    },
    isUnderWay: () => pending !== undefined,
    async join(key, signal) {
      if (pending === undefined) return false;
      if (pending.key !== key) {
        pending.controller.abort();
        pending = undefined;
        return false;
      }
      return (await orCancelled(pending.done, signal)) !== 'cancelled';
    },
  };
}
