/** Who takes part in one generation, and the draw of one symbol, a token or a byte, from what they say together. */

import { agreement, type Distribution, entropy } from './distribution.ts';
import type { Mix, Participant } from './mix.ts';
import { type Pool, poolInto, sharesInto } from './pool.ts';
import { descending, type Sampling, sample } from './sampler.ts';
import type { Alternative, Step } from './step.ts';
import { vetoesFrom, vetoInto } from './veto.ts';
import { fixedWeighting, type Weighting } from './weighting.ts';

export interface EnsembleOptions {
  readonly sampling: Sampling;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Sets what may not be drawn next to 0. */
  readonly mask: (probabilities: Float64Array) => void;
  /** Also computes entropy and agreement. */
  readonly observe: boolean;
  /** How many of the most probable symbols a step names. */
  readonly alternatives?: number | undefined;
}

export interface Ensemble<P extends Participant> {
  /** Those with a weight above 0, and after them the vetoes; none where there are vetoes alone, which propose nothing. */
  readonly participants: readonly P[];
  /** How many of them are no vetoes. */
  readonly voices: number;
  readonly pool: Pool;
  readonly weighting: Weighting;
  /** Takes the mix that is in force now; whether it is another one than before. */
  adopt(mix: MixOf<P>): boolean;
  /** Pools the next symbol's distributions, one per participant, and draws it. */
  draw(distributions: readonly Distribution[]): Step;
  /** Lets the weights follow a symbol that was drawn, with the distributions it was drawn from. */
  learn(distributions: readonly Distribution[], symbol: number): void;
}

interface MixOf<P extends Participant> extends Omit<Mix, 'participants' | 'vetoes'> {
  readonly participants: readonly P[];
  readonly vetoes?: readonly P[] | undefined;
}

export function createEnsemble<P extends Participant>(options: EnsembleOptions): Ensemble<P> {
  let mix: MixOf<P> | undefined;
  let participants: readonly P[] = [];
  let voices: readonly P[] = [];
  let weighting = fixedWeighting([1]);
  let pooled = new Float64Array(0);
  let drawn = new Float64Array(0);
  const pool = (): Pool => mix?.pool ?? { kind: 'linear' };

  return {
    get participants() {
      return participants;
    },
    get voices() {
      return voices.length;
    },
    get pool() {
      return pool();
    },
    get weighting() {
      return weighting;
    },
    adopt(next) {
      if (next === mix) return false;
      mix = next;
      voices = mix.participants.filter((p) => p.weight > 0);
      const vetoes = voices.length === 0 ? [] : (mix.vetoes ?? []).filter((p) => p.weight > 0);
      participants = [...voices, ...vetoes];
      const make = mix.weighting ?? fixedWeighting;
      if (voices.length > 0) weighting = make(voices.map((p) => p.weight));
      return true;
    },
    draw(all) {
      const size = all[0]?.probabilities.length ?? 0;
      if (size !== pooled.length) {
        pooled = new Float64Array(size);
        drawn = new Float64Array(size);
      }
      const distributions = all.slice(0, voices.length);
      const weights = weighting.weights(distributions);
      poolInto(pool(), distributions, weights, pooled);
      vetoInto(pooled, vetoesFrom(voices.length, participants, all));
      drawn.set(pooled);
      options.mask(drawn);
      const token = sample(drawn, options.sampling, options.random);
      const shares = new Float64Array(voices.length);
      sharesInto(distributions, weights, token, shares);
      return {
        token,
        logProb: Math.log(pooled[token] as number),
        shares: [...shares],
        weights,
        participants: voices,
        evaluated: voices.map(() => true),
        entropy: options.observe ? entropy(pooled) : Number.NaN,
        agreement: options.observe ? agreement(distributions, weights) : Number.NaN,
        ...(options.alternatives !== undefined && {
          alternatives: mostProbable(pooled, options.alternatives),
        }),
      };
    },
    learn: (all, symbol) => weighting.learn(all.slice(0, voices.length), symbol),
  };
}

function mostProbable(pooled: Float64Array, count: number): Alternative[] {
  const found: Alternative[] = [];
  for (const token of descending(pooled)) {
    const p = pooled[token] as number;
    if (found.length >= count || p === 0) break;
    found.push({ token, logProb: Math.log(p) });
  }
  return found;
}
