/**
 * How many tokens of a prompt are read in one run. A run cannot be stopped, so whoever cancels, or comes next, waits for its end: runs
 * are as long as this machine reads in PATIENCE at the pace of the last ones.
 */

import { CHUNK } from './worker-messages.ts';

/** Milliseconds within which a thread is to be free for somebody else. */
const PATIENCE = 50;
/** Every run reads the weights: SmolLM2-135M takes a tenth longer for a prompt in runs of 24 than in runs of 64, a sixth in runs of 16. */
const LEAST = 24;
const STEP = 8;
/** Runs of less tell what one token costs, not what many do. */
const TELLING = 8;

export interface Pace {
  /** Tokens of the next run, LEAST to `longest`. */
  most(): number;
  /** A run of so many tokens took so many milliseconds. */
  ran(tokens: number, ms: number): void;
}

/** @param longest tokens of a run at most, of a decoder that says so */
export function createPace(longest: number = CHUNK): Pace {
  let most = LEAST;
  return {
    most: () => most,
    ran(tokens, ms) {
      if (tokens < TELLING) return;
      const enough = Math.floor((PATIENCE * tokens) / ms / STEP) * STEP;
      // A single quick run says little: it grows step by step, and shrinks at once.
      most = Math.max(LEAST, Math.min(longest, 2 * most, enough));
    },
  };
}
