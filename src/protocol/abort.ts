/** Work that a signal can leave behind. */

import { ChorusError } from './failure.ts';

/** What `work` gives, or a `ChorusError` of code 'cancelled' `graceMs` after `signal` aborts, whichever is first. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, graceMs = 0): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const giveUp = (): void => reject(new ChorusError('cancelled', 'The request was cancelled.'));
    const aborted = (): void => {
      if (graceMs > 0) timer = setTimeout(giveUp, graceMs);
      else giveUp();
    };
    const release = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    };
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
    work.then(resolve, reject).finally(release);
  });
}
