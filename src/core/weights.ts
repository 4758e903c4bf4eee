/** Expert weights: how much each expert counts in the pool. */

/**
 * Scales weights to sum 1. Order is kept; an expert of weight 0 keeps weight 0.
 * Throws where a weight is negative or not finite, or all are 0.
 */
export function normaliseWeights(weights: readonly number[]): number[] {
  for (const w of weights) {
    if (!Number.isFinite(w) || w < 0) {
      throw new RangeError(`a weight must be a number of at least 0, not ${w}`);
    }
  }
  const max = Math.max(0, ...weights);
  if (max === 0) throw new RangeError('at least one weight must be above 0');
  // By the largest first: a sum of huge weights would overflow.
  const sum = weights.reduce((total, w) => total + w / max, 0);
  return weights.map((w) => w / max / sum);
}

/**
 * Weighting `prompt`: w_i ~ w0_i exp(-NLL_i / tau), the posterior over experts after the prompt under prior w0
 * (Bayesian model averaging at tau = 1). All experts must have been scored on the same tokens.
 * @param prior normalised weights w0, [experts]
 * @param negativeLogLikelihoods summed over the scored tokens, in nats, [experts]
 * @param temperature tau > 0: larger keeps the weights closer to the prior
 */
export function promptWeights(
  prior: readonly number[],
  negativeLogLikelihoods: readonly number[],
  temperature: number,
): number[] {
  const scores = prior.map((w, i) =>
    w === 0 ? Number.NEGATIVE_INFINITY : Math.log(w) - (negativeLogLikelihoods[i] as number) / temperature,
  );
  return fromLogWeights(scores) ?? [...prior];
}

/** Normalised exp(scores), however far from 0 they are; undefined where none is finite. */
export function fromLogWeights(scores: readonly number[]): number[] | undefined {
  const max = Math.max(...scores);
  return Number.isFinite(max) ? normaliseWeights(scores.map((score) => Math.exp(score - max))) : undefined;
}
