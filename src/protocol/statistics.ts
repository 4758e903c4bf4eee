/** What is counted of the use of Chorus, and the messages between the statistics page and the extension, which keeps the counts. */

import type { Surface } from './engine.ts';

/** How long after it was taken a suggestion is looked at again, in seconds. */
export const lookedAtAfter = [30, 300] as const;

export const countNames = [
  /** Suggestions. */
  'shown',
  /** Of those, known before they were asked for. */
  'known',
  /** Of those shown, any part of which was taken. */
  'taken',
  /** How often a whole suggestion, one or more words of one, or a line of one was taken. */
  'whole',
  'word',
  'line',
  /** Taken in all of these ways. */
  'characters',
  /** Taken texts that were looked at again after 30 s, and after 5 min. */
  'looked30',
  'looked300',
  /** Of those, how many are still there: at least half alike. */
  'still30',
  'still300',
  /** The sum of their likenesses, each in [0, 1]. */
  'alike30',
  'alike300',
  /** Answers mixed token by token, their tokens, and the milliseconds that they took to write after the prompt was read. */
  'answers',
  'tokens',
  'ms',
] as const;

export type CountName = (typeof countNames)[number];

/** What is not there is 0. */
export type Counts = { readonly [N in CountName]?: number };

/** What was counted together. */
export interface UsageKey {
  /** `2026-11-27`, by the user's clock. */
  readonly day: string;
  readonly surface: Surface;
  /** The editor's name of the language; empty where it is not known, as of answers. */
  readonly language: string;
  /** The ids of the experts that took part, joined by ` + `. */
  readonly experts: string;
}

export interface UsageRow extends UsageKey {
  readonly counts: Counts;
}

export interface StatisticsState {
  readonly rows: readonly UsageRow[];
  readonly today: string;
}

interface Accepted {
  readonly kind: 'ok';
}

export type StatisticsCalls = {
  /** The page has loaded and listens. */
  ready: { params: Record<string, never>; result: StatisticsState; update: never };
  /** Asks the user for a file, and writes all that was counted. */
  save: { params: Record<string, never>; result: Accepted; update: never };
  /** Asks the user, and forgets all that was counted. */
  reset: { params: Record<string, never>; result: Accepted; update: never };
};

export type StatisticsEvents = {
  state: { params: StatisticsState; result: undefined; update: never };
};
