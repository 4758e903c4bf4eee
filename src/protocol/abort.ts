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

/** What `work` gives, or 'cancelled' as soon as `signal` aborts; what becomes of the work then is of no concern. */
export function orCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | 'cancelled'> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve('cancelled');
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
