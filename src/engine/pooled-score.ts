/** The score of a text, piece by piece as experts tell it: under their pool, whose weights may learn, and under each alone. */

import type { Distribution } from '../core/distribution.ts';
import type { Mix } from '../core/mix.ts';
import { poolInto } from '../core/pool.ts';
import { fixedWeighting } from '../core/weighting.ts';
import { normaliseWeights } from '../core/weights.ts';
import { byExpert } from './mixture.ts';

export interface ScoredPiece {
  readonly bytes: number;
  /** In nats. */
  readonly logProb: number;
}

export interface PooledScore {
  /** The sum over `perToken`, in nats. */
  readonly logProb: number;
  /** The same under each expert alone, by id. */
  readonly experts: Readonly<Record<string, number>>;
  /** After the last piece. */
  readonly weights: Readonly<Record<string, number>>;
  readonly perToken: readonly ScoredPiece[];
}

export interface Piece {
  /** What follows: a token, or a byte. */
  readonly symbol: number;
  /** How long it is as text. */
  readonly bytes: number;
  /** log p of the symbol in nats by the pool; may overwrite it. */
  readonly pooled: (probabilities: Float64Array) => number;
  /** log p of the symbol in nats by one expert, asked when the weights have learned from it. */
  readonly alone: (expert: number) => number;
}

export interface Scoring {
  /** Takes in what each expert says of the next piece, and which one it is. */
  add(distributions: readonly Distribution[], piece: Piece): void;
  score(): PooledScore;
}

/** @param size of the vocabulary, or the number of bytes and ends */
export function createPooledScore({ participants, pool, weighting: make }: Mix, size: number): Scoring {
  const prior = participants.map(({ weight }) => weight);
  const weighting = (make ?? fixedWeighting)(prior);
  let weights: readonly number[] = normaliseWeights(prior);
  const alone = participants.map(() => 0);
  const out = new Float64Array(size);
  const perToken: ScoredPiece[] = [];
  return {
    add(distributions, piece) {
      weights = weighting.weights(distributions);
      poolInto(pool, distributions, weights, out);
      perToken.push({ bytes: piece.bytes, logProb: piece.pooled(out) });
      weighting.learn(distributions, piece.symbol);
      for (const i of alone.keys()) alone[i] = (alone[i] as number) + piece.alone(i);
    },
    score: () => ({
      logProb: perToken.reduce((sum, { logProb }) => sum + logProb, 0),
      experts: byExpert(participants, alone),
      weights: byExpert(participants, weights),
      perToken,
    }),
  };
}
