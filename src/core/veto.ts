/**
 * Vetoes: experts that can only lower what the pool proposes, as a moderator does, and never to nothing.
 *
 *   m'(x) ~ m(x) prod_v max(floor, min(1, p_v(x) / m(x)))^beta_v
 *
 * Every factor is at most 1, so nothing is raised before the whole is brought back to mass 1, and at least floor^beta_v, so every
 * token of the pool stays possible. One veto with beta = 1 and floor = 0 is min(m, p_v) / Z, the rule CP-Delta of Vyas, Kakade
 * and Barak 2023 (arXiv 2302.10870, for the max divergence), where Z = 1 - total variation between the two. As in
 * DExperts (arXiv 2105.03023) the vetoes come as a product, but theirs can raise tokens too.
 */

import { DecodeError } from './decode-error.ts';
import type { Distribution } from './distribution.ts';
import type { Participant } from './mix.ts';

export interface Veto {
  readonly distribution: Pick<Distribution, 'probabilities'>;
  /** beta >= 0: 0 lets everything pass, 1 lowers to what the veto itself would give. */
  readonly strength: number;
}

/** What the vetoes say among `participants` and their distributions, where vetoes stand from position `first` on. */
export function vetoesFrom(
  first: number,
  participants: readonly Participant[],
  distributions: readonly Distribution[],
): readonly Veto[] {
  return distributions
    .slice(first)
    .map((distribution, i) => ({ distribution, strength: participants[first + i]?.weight ?? 0 }));
}

/** What a token keeps of its probability, at strength 1, however much a veto is against it. */
export const VETO_FLOOR = 1e-4;

/**
 * Applies the vetoes to `pooled` [V], mass 1, in place; mass 1 again afterwards, accumulated in float64. Each is held
 * against the pool as it was, so their order does not matter.
 */
export function vetoInto(pooled: Float64Array, vetoes: readonly Veto[], floor = VETO_FLOOR): void {
  const active = vetoes.filter(({ strength }) => strength > 0);
  if (active.length === 0) return;
  // In logarithms: strong vetoes would underflow, and leave nothing where all of the pool is lowered.
  let most = Number.NEGATIVE_INFINITY;
  for (let x = 0; x < pooled.length; x++) {
    const m = pooled[x] as number;
    let kept = Math.log(m);
    for (const { distribution, strength } of active) {
      const p = distribution.probabilities[x] as number;
      if (p < m) kept += strength * Math.log(Math.max(floor, p / m));
    }
    pooled[x] = kept;
    if (kept > most) most = kept;
  }
  if (most === Number.NEGATIVE_INFINITY) throw new DecodeError('the vetoes leave no token');
  let mass = 0;
  for (let x = 0; x < pooled.length; x++) {
    const kept = Math.exp((pooled[x] as number) - most);
    pooled[x] = kept;
    mass += kept;
  }
  for (let x = 0; x < pooled.length; x++) pooled[x] = (pooled[x] as number) / mass;
}
