/**
 * Routing: one expert alone in place of a mixture that would hardly differ. How far apart two distributions are is measured by
 * total variation, 1 - agreement: what a mixture and one of its experts say of any set of next tokens differs by no more.
 */

import { type Distribution, totalVariation } from './distribution.ts';
import { type Pool, poolInto } from './pool.ts';

export interface Route {
  /** Which expert, by its place. */
  readonly expert: number;
  /** Total variation between it and the pool, in [0, 1]: at most this at every token that was looked at. */
  readonly distance: number;
}

/**
 * From weights that stay as they are, under the linear pool: m - p_i = sum_(j != i) w_j (p_j - p_i), so the pool is never
 * further from p_i than 1 - w_i, whatever the experts say, also at the tokens of the answer.
 * @param weights normalised
 * @param within the largest distance to accept, in [0, 1]
 */
export function routeByWeight(weights: readonly number[], within: number): Route | undefined {
  return nearest(
    weights.map((w) => Math.max(0, 1 - w)),
    within,
  );
}

/** The farthest that the pool is from each expert over several tokens. */
export interface Distances {
  /** Takes in one more token's distributions, one per expert. */
  add(distributions: readonly Distribution[]): void;
  /** The expert that the pool stays nearest to, if it stays within this distance at every token; none before the first. */
  route(within: number): Route | undefined;
}

/** @param weights normalised, one per expert; an expert of weight 0 is never chosen */
export function createDistances(pool: Pool, weights: readonly number[]): Distances {
  const worst = weights.map((w) => (w > 0 ? 0 : Number.POSITIVE_INFINITY));
  let pooled = new Float64Array(0);
  let tokens = 0;
  return {
    add(distributions) {
      const size = distributions[0]?.probabilities.length ?? 0;
      if (pooled.length !== size) pooled = new Float64Array(size);
      poolInto(pool, distributions, weights, pooled);
      for (const [i, { probabilities }] of distributions.entries()) {
        if (weights[i] !== 0) worst[i] = Math.max(worst[i] ?? 0, totalVariation(pooled, probabilities));
      }
      tokens++;
    },
    route: (within) => (tokens === 0 ? undefined : nearest(worst, within)),
  };
}

/** Of equals the first. */
function nearest(distances: readonly number[], within: number): Route | undefined {
  const distance = Math.min(...distances);
  return distance <= within ? { expert: distances.indexOf(distance), distance } : undefined;
}
