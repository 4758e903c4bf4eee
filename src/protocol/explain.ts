/** What each expert would have said at one place of an answer. Texts with their probabilities cross, logits never do. */

import type { Failure } from './failure.ts';

/** A step that could have been drawn. */
export type Possibility =
  | { readonly kind: 'text'; readonly text: string; readonly probability: number }
  /** A byte that is no character of its own, as `E3`. */
  | { readonly kind: 'bytes'; readonly hex: string; readonly probability: number }
  | { readonly kind: 'end'; readonly probability: number };

export interface Opinion {
  /** The likeliest first. */
  readonly top: readonly Possibility[];
  /** What was drawn, with its probability here. */
  readonly drawn: Possibility;
}

/** Before temperature and filters, as the experts and weights are now. */
export interface Explanation {
  readonly pool: Opinion;
  /** By id, with the weight that each had at this step, summing to 1. */
  readonly experts: Readonly<Record<string, Opinion & { readonly weight: number }>>;
}

export type ExplainOutcome =
  | { readonly kind: 'explained'; readonly explanation: Explanation }
  | { readonly kind: 'failed'; readonly failure: Failure };
