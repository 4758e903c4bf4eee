/** When a process that crashed may start again: waits that double, and an end after too many crashes in a short time. */

export const crashLimit = 5;
export const crashWindowMs = 3 * 60_000;
const firstWaitMs = 500;

export type Verdict =
  /** `waitMs` counts from the crash. */
  { readonly kind: 'retry'; readonly waitMs: number } | { readonly kind: 'give-up' };

export interface CrashHistory {
  /** Times of the crashes inside the window, in milliseconds, oldest first. */
  readonly times: readonly number[];
  readonly verdict: Verdict;
}

export const noCrash: CrashHistory = { times: [], verdict: { kind: 'retry', waitMs: 0 } };

export function afterCrash(history: CrashHistory, now: number): CrashHistory {
  const times = [...history.times.filter((time) => now - time < crashWindowMs), now];
  if (times.length >= crashLimit) return { times, verdict: { kind: 'give-up' } };
  return { times, verdict: { kind: 'retry', waitMs: firstWaitMs * 2 ** (times.length - 1) } };
}
