/**
 * Notices an engine that is stuck: while something is asked of it, it is asked for a sign of life now and then. A question
 * once put waits for its answer, whatever is cancelled meanwhile.
 */

import { pause } from './pause.ts';

export interface Patience {
  readonly everyMs: number;
  readonly answerMs: number;
}

export const usualPatience: Patience = { everyMs: 5000, answerMs: 15_000 };

export interface EngineWatch {
  /** The work itself; the engine is watched until it is done. */
  attend<T>(work: Promise<T>): Promise<T>;
  /** Nothing is asked any more. */
  end(): void;
}

export interface EngineWatchOptions {
  /** Resolves when the engine has answered. */
  readonly ping: () => Promise<unknown>;
  readonly patience: Patience;
  /** Called once, when there was no answer in time. */
  readonly onSilent: () => void;
}

export function createEngineWatch({ ping, patience, onSilent }: EngineWatchOptions): EngineWatch {
  const ended = new AbortController();
  let open = 0;
  let watching = false;

  const watch = async (): Promise<void> => {
    while (open > 0) {
      await pause(patience.everyMs, ended.signal);
      if (ended.signal.aborted) return;
      const heard = new AbortController();
      const answered = ping().then(
        () => true,
        () => true,
      );
      const alive = await Promise.race([answered, pause(patience.answerMs, heard.signal).then(() => false)]);
      heard.abort();
      if (ended.signal.aborted) return;
      if (!alive) {
        onSilent();
        return;
      }
    }
    watching = false;
  };

  return {
    async attend(work) {
      open++;
      if (!watching) {
        watching = true;
        void watch();
      }
      try {
        return await work;
      } finally {
        open--;
      }
    },
    end: () => ended.abort(),
  };
}
