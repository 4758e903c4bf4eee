/** Weighting modes: how the experts' weights follow what the experts say, token by token. */

import type { Distribution } from './distribution.ts';
import { fromLogWeights, normaliseWeights } from './weights.ts';

export interface Weighting {
  /** The weights, where they are the same whatever the experts say; adaptive weightings have none. */
  readonly constant?: readonly number[];
  /** Normalised weights of the next token, one per distribution. */
  weights(distributions: readonly Distribution[]): readonly number[];
  /** Told each token drawn, with the distributions it was drawn from. */
  learn(distributions: readonly Distribution[], token: number): void;
}

/** Weights that stay as they are. @param prior relative weights >= 0, [experts] */
export function fixedWeighting(prior: readonly number[]): Weighting {
  const weights = normaliseWeights(prior);
  return { constant: weights, weights: () => weights, learn: () => {} };
}

export interface FixedShareOptions {
  /** eta in (0, 1]: how much one token counts. */
  readonly rate: number;
  /** alpha in [0, 1]: what part of the weight is shared out anew at every token. */
  readonly share: number;
  /** Least weight of an expert whose prior is above 0, so that it can always come back. */
  readonly floor: number;
}

export const FIXED_SHARE: FixedShareOptions = { rate: 0.5, share: 0.05, floor: 1e-3 };

/**
 * Tempered fixed share (Herbster and Warmuth 1998, "Tracking the best expert"; Bayes at rate 1 and share 0):
 * u_i ~ w_i p_i(x)^eta, then w_i = (1 - alpha) u_i + alpha pi_i, then at least `floor`, and normalised.
 * @param prior pi, relative weights >= 0, [experts]
 * @param start the weights of the first token, normalised; pi where they are left out
 */
export function fixedShareWeighting(
  prior: readonly number[],
  options: FixedShareOptions = FIXED_SHARE,
  start?: readonly number[],
): Weighting {
  const pi = normaliseWeights(prior);
  let weights = start ?? pi;
  return {
    weights: () => weights,
    learn(distributions, token) {
      const logProbs = distributions.map(({ logits, logSumExp }) => (logits[token] ?? 0) - logSumExp);
      weights = shared(weights, pi, logProbs, options);
    },
  };
}

/**
 * Fixed share over text that is there already, the prompt for instance: the weights after its last token.
 * @param logProbs log p_i of each token in nats, [experts][tokens]; tokens without a probability are NaN and count for nobody
 */
export function fixedShareWeights(
  prior: readonly number[],
  logProbs: readonly Float64Array[],
  options: FixedShareOptions = FIXED_SHARE,
): number[] {
  const pi = normaliseWeights(prior);
  let weights: readonly number[] = pi;
  for (let j = 0; j < (logProbs[0]?.length ?? 0); j++) {
    const here = logProbs.map((row) => row[j] ?? Number.NaN);
    if (!here.some(Number.isNaN)) weights = shared(weights, pi, here, options);
  }
  return [...weights];
}

/** One token of fixed share. */
function shared(
  weights: readonly number[],
  pi: readonly number[],
  logProbs: readonly number[],
  { rate, share, floor }: FixedShareOptions,
): readonly number[] {
  const scores = logProbs.map((logProb, i) => {
    const w = weights[i] ?? 0;
    return w === 0 ? Number.NEGATIVE_INFINITY : Math.log(w) + rate * logProb;
  });
  const posterior = fromLogWeights(scores);
  if (posterior === undefined) return weights;
  return normaliseWeights(
    posterior.map((u, i) => {
      const p = pi[i] ?? 0;
      return p === 0 ? 0 : Math.max(floor, (1 - share) * u + share * p);
    }),
  );
}

/** Added to every entropy, in nats: a certain expert gets much weight, not all of it. */
const CERTAINTY = 0.05;

/**
 * Inverse entropy weights (Misra, Bourlard and Tyagi 2003): w_i ~ pi_i / (H_i + epsilon), H_i the entropy of p_i in nats,
 * so that the expert that is surer of the next token counts more.
 * @param prior pi, relative weights >= 0, [experts]
 */
export function confidenceWeighting(prior: readonly number[]): Weighting {
  const pi = normaliseWeights(prior);
  return {
    weights: (distributions) =>
      normaliseWeights(distributions.map((d, i) => (pi[i] ?? 0) / (entropyOf(d) + CERTAINTY))),
    learn: () => {},
  };
}

/** H = log Z - sum p z: no logarithm per token of the vocabulary. */
function entropyOf({ logits, probabilities, logSumExp }: Distribution): number {
  let mean = 0;
  for (let x = 0; x < probabilities.length; x++) {
    const p = probabilities[x] as number;
    if (p > 0) mean += p * (logits[x] as number);
  }
  return Math.max(0, logSumExp - mean);
}
