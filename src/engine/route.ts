/** Whether one expert alone may answer a request, because the mixture would hardly differ from it. */

import { distributionOf } from '../core/distribution.ts';
import type { Participant } from '../core/mix.ts';
import type { Pool } from '../core/pool.ts';
import { createDistances, type Route, routeByWeight } from '../core/route.ts';
import { normaliseWeights } from '../core/weights.ts';
import type { WeightingSetting } from '../protocol/engine.ts';
import { type LoadedExpert, MAX_ROWS } from '../runtime/expert.ts';
import { commonEnd, sameVocabulary } from './common-end.ts';

/** Newest tokens of the prompt that are looked at; the last of them is the one the answer begins after. */
const MOST_ROWS = Math.min(16, MAX_ROWS);
/** Fewer than this say too little about the answer. */
const LEAST_ROWS = 4;

interface RoutedParticipant extends Participant {
  readonly expert: LoadedExpert;
}

export interface RouteOptions {
  readonly pool: Pool;
  readonly weighting: WeightingSetting;
  /** The largest total variation between the pool and the expert. */
  readonly within: number;
  readonly signal: AbortSignal;
}

/**
 * The participant to go on with alone, or undefined. First by the weights, which bound the difference at every token of the
 * answer; then by what the experts say along the end of the prompt, which is a sample and bounds nothing further on.
 * Weights that move with the answer are never routed.
 */
export async function routeOf(
  participants: readonly RoutedParticipant[],
  { pool, weighting, within, signal }: RouteOptions,
): Promise<Route | undefined> {
  if (participants.length < 2 || (weighting !== 'fixed' && weighting !== 'prompt')) return undefined;
  const weights = normaliseWeights(participants.map(({ weight }) => weight));
  const sure = pool.kind === 'linear' ? routeByWeight(weights, within) : undefined;
  if (sure !== undefined) return sure;
  const rows = commonRows(participants);
  if (rows < LEAST_ROWS) return undefined;
  const answers = await Promise.all(
    participants.map(({ expert, prompt }) => expert.logits(prompt, { rows, signal })),
  );
  const distances = createDistances(pool, weights);
  const probabilities = participants.map(({ expert }) => new Float64Array(expert.vocabularySize));
  for (let row = 0; row < rows; row++) {
    const distributions = [];
    for (const [i, answer] of answers.entries()) {
      if (answer === 'cancelled') return undefined;
      const out = probabilities[i] as Float64Array;
      distributions.push(distributionOf(answer, row, out));
    }
    distances.add(distributions);
  }
  return distances.route(within);
}

/** How many of the last tokens all prompts have alike, the ones whose distributions can be compared; 0 across vocabularies. */
function commonRows(participants: readonly RoutedParticipant[]): number {
  const [first, ...others] = participants;
  if (first === undefined || !others.every(({ expert }) => sameVocabulary(expert, first.expert))) return 0;
  return commonEnd(
    participants.map(({ prompt }) => prompt),
    Math.min(MOST_ROWS, ...participants.map(({ prompt }) => prompt.length)),
  );
}
