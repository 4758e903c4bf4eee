/** How long to wait after a key before asking the engine: by how fast the user types, and by how often waiting was in vain. */

export interface TypingRhythm {
  /** A key was pressed and a suggestion asked for, at this moment in milliseconds. */
  pressed(at: number): void;
  /** What became of a request that was not answered from the cache. */
  ended(how: 'answered' | 'given-up'): void;
  /** Milliseconds; `setting` is the most. */
  pause(setting: number): number;
}

export interface RecentTyping {
  /** Milliseconds between one key and the next. */
  readonly intervals: readonly number[];
  /** Of the last requests, whether each was given up for a newer one before it was answered. */
  readonly givenUp: readonly boolean[];
}

/** The least wait, unless the setting is below it: nobody reads a suggestion between two keys of one word. */
const LEAST_MS = 50;
/** Longer ones are for thinking, and say nothing of how fast somebody types. */
const LONGEST_INTERVAL_MS = 1000;
const REMEMBERED = 16;

/**
 * Half an interval between two keys where every request is answered, one and a half where every one is given up: in a
 * burst of typing nearly all are, and the pause is then long enough for the next key to come first.
 */
export function pauseFor({ intervals, givenUp }: RecentTyping, setting: number): number {
  const typing = intervals.filter((ms) => ms <= LONGEST_INTERVAL_MS).toSorted((a, b) => a - b);
  const usual = typing[Math.floor(typing.length / 2)];
  if (usual === undefined) return setting;
  const inVain = givenUp.length === 0 ? 1 : givenUp.filter(Boolean).length / givenUp.length;
  return Math.round(Math.min(setting, Math.max(LEAST_MS, usual * (0.5 + inVain))));
}

export function createTypingRhythm(): TypingRhythm {
  let intervals: readonly number[] = [];
  let givenUp: readonly boolean[] = [];
  let last: number | undefined;
  return {
    pressed(at) {
      if (last !== undefined) intervals = [...intervals.slice(1 - REMEMBERED), at - last];
      last = at;
    },
    ended(how) {
      givenUp = [...givenUp.slice(1 - REMEMBERED), how === 'given-up'];
    },
    pause: (setting) => pauseFor({ intervals, givenUp }, setting),
  };
}
