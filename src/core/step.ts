/** What a generation is asked for, and what it says of each token. */

import type { Constraint } from './constraint.ts';
import type { Signal } from './expert.ts';
import type { Drafts } from './lookup.ts';
import type { Mix, Participant } from './mix.ts';
import type { Sampling } from './sampler.ts';

/**
 * How the experts are asked for a token; the distribution that tokens are drawn from is the same.
 * together   all of them, at once
 * inTurn     one after the other, each checking the guesses of those before it and adding its own (core/in-turn.ts): the same
 *            tokens as together for one seed
 * lazily     only those that can change the outcome (core/lazy.ts): greedily the same tokens as together; where tokens are
 *            drawn by chance the same distribution, but for one seed another text. Where that is not possible (a pool other than the
 *            linear one, weights that follow the answer, a temperature other than 0 and 1), together.
 */
export type Asking = 'together' | 'inTurn' | 'lazily';

export interface DecodeOptions {
  /** Asked before every token; the same object means that nothing changed. */
  readonly mix: () => Mix | Promise<Mix>;
  readonly sampling: Sampling;
  /** Numbers in [0, 1); asked once a token unless greedy, and more often where experts are asked lazily. */
  readonly random: () => number;
  /** Any of these ends the generation; it is yielded as the last step. They count as one symbol. */
  readonly stopTokens: ReadonlySet<number>;
  /** Never drawn; may change between two tokens. */
  readonly bannedTokens: ReadonlySet<number>;
  /** What else may not be drawn, as it depends on what was. */
  readonly constraint?: Constraint | undefined;
  /**
   * Guesses at what follows, checked by all experts in one run: a token is drawn from each row as it would be without
   * guesses, and the first that differs ends the run. Tokens, and for one seed the text, are the same as without, as far as the
   * experts' logits do not depend on how many rows they are asked for.
   */
  readonly drafts?: Drafts | undefined;
  /** `together` where it is left out. */
  readonly asking?: Asking | undefined;
  readonly maxTokens: number;
  /** What happens where an expert's context is full: the answer ends, or the expert forgets its middle (core/slide.ts). */
  readonly whenFull?: 'stop' | 'slide' | undefined;
  /** Also computes entropy and agreement, which costs a pass over the vocabulary each. */
  readonly observe: boolean;
  /** How many of the most probable symbols each step names; none where it is left out. */
  readonly alternatives?: number | undefined;
  readonly signal?: Signal | undefined;
}

export interface Step {
  readonly token: number;
  /** log m(token) in nats, before banned tokens, temperature and filters; NaN where an expert was not run. */
  readonly logProb: number;
  /**
   * w_i p_i(x) / m(x) of the token, in the order of `participants`; sums to 1. An expert that was not run has 0, and a token
   * drawn from one expert's distribution alone is that expert's: over many tokens the mean is the same.
   */
  readonly shares: readonly number[];
  /** Normalised weights, in the order of `participants`. */
  readonly weights: readonly number[];
  readonly participants: readonly Participant[];
  /** Which of the participants were run for this token. */
  readonly evaluated: readonly boolean[];
  /** Entropy of the pool in nats; NaN unless observed and all were run. */
  readonly entropy: number;
  /** 1 - total variation between experts; NaN unless observed and all were run. */
  readonly agreement: number;
  /** The most probable symbols of the pool, before banned tokens, temperature and filters, most probable first; absent unless asked for. */
  readonly alternatives?: readonly Alternative[];
}

export interface Alternative {
  readonly token: number;
  /** log m(token) in nats. */
  readonly logProb: number;
}
