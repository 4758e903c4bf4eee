/**
 * Who is answered now. The engine has one mix at a time: requests to the model in force go to it together, and it takes them in turns;
 * one to another model waits until they are done, and those who come later wait behind it.
 */

import { ApiError } from './api-error.ts';

export interface Lane {
  /** Resolves when `model` is in force; the caller then calls what it resolved to once, when it is done. */
  enter(model: string, signal: AbortSignal): Promise<() => void>;
}

interface Waiting {
  readonly model: string;
  readonly start: () => void;
}

/** @param most how many may wait beside the one that is answered; a further one is refused with status 429 */
export function createLane(most: number): Lane {
  const waiting: Waiting[] = [];
  let inForce = '';
  let running = 0;

  const next = (): void => {
    for (;;) {
      const [first] = waiting;
      if (first === undefined || (running > 0 && first.model !== inForce)) return;
      waiting.shift();
      inForce = first.model;
      running++;
      first.start();
    }
  };
  const leave = (): void => {
    running--;
    next();
  };

  return {
    enter(model, signal) {
      if (running + waiting.length > most) {
        const message = `${running + waiting.length} requests are under way, and no more wait. Try again in a moment.`;
        return Promise.reject(new ApiError({ status: 429, code: 'rate_limit_exceeded', message }));
      }
      return new Promise((resolve, reject) => {
        const gone = (): void => {
          waiting.splice(waiting.indexOf(me), 1);
          reject(signal.reason);
          next();
        };
        const me: Waiting = {
          model,
          start() {
            signal.removeEventListener('abort', gone);
            resolve(leave);
          },
        };
        waiting.push(me);
        if (signal.aborted) return gone();
        signal.addEventListener('abort', gone, { once: true });
        next();
      });
    },
  };
}
