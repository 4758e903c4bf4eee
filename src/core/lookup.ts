/**
 * Prompt lookup: what followed the last tokens earlier in the context is a guess at what follows now (Saxena 2023; "LLMA",
 * arXiv 2304.04487). Guesses cost nothing to make; the decode loop checks them all in one run of each expert.
 */

export interface Drafts {
  /** Up to `most` tokens that may follow `context`; empty where nothing is repeated. */
  propose(context: Int32Array, most: number): readonly number[];
  /** Told how many of the last proposal were right. */
  learn(proposed: number, accepted: number): void;
}

export interface LookupOptions {
  /** Longest and shortest run of tokens looked for. */
  readonly longest: number;
  readonly shortest: number;
  /** Most tokens proposed at once, >= 2. */
  readonly most: number;
}

/** With 7 guesses an expert sees 8 rows at once; more cost more than they save (docs/performance.md). */
const LOOKUP: LookupOptions = { longest: 8, shortest: 2, most: 7 };
/** Tokens proposed at first, and again after a proposal that was wrong from the start. */
const CAREFUL = 2;

/** Proposes more after proposals that were right, fewer after wrong ones. */
export function promptLookup({ longest, shortest, most }: LookupOptions = LOOKUP): Drafts {
  let ambition = CAREFUL;
  return {
    propose(context, limit) {
      const length = Math.min(ambition, limit);
      if (length < 1) return [];
      for (let run = Math.min(longest, context.length - 1); run >= shortest; run--) {
        const at = lastOccurrence(context, run);
        if (at !== -1) return [...context.subarray(at + run, Math.min(at + run + length, context.length))];
      }
      return [];
    },
    learn(proposed, accepted) {
      if (proposed === 0) return;
      ambition = accepted === proposed ? Math.min(most, 2 * ambition) : Math.max(CAREFUL, accepted + 1);
    },
  };
}

/** Where the last `run` tokens of the context stand before, nearest first; -1 where they do not. */
function lastOccurrence(context: Int32Array, run: number): number {
  const end = context.length - run;
  for (let at = end - 1; at >= 0; at--) {
    let same = 0;
    while (same < run && context[at + same] === context[end + same]) same++;
    if (same === run) return at;
  }
  return -1;
}
