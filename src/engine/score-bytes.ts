/** How probable given bytes are, under the pool and under each expert alone, exactly: each byte given the ones before it. */

import { createFollowers } from '../core/byte-followers.ts';
import { BYTE_SYMBOLS } from '../core/byte-vocabulary.ts';
import type { ByteMix } from '../core/decode-bytes.ts';
import { poolInto } from '../core/pool.ts';
import { fixedWeighting } from '../core/weighting.ts';
import { normaliseWeights } from '../core/weights.ts';
import { ChorusError } from '../protocol/failure.ts';
import { byExpert } from './mixture.ts';

export interface ScoredPiece {
  readonly bytes: number;
  /** In nats. */
  readonly logProb: number;
}

export interface BytesScore {
  /** log m(bytes | prompt and opening) in nats. */
  readonly logProb: number;
  /** The same under each expert alone, by id. */
  readonly experts: Readonly<Record<string, number>>;
  /** After the last byte. */
  readonly weights: Readonly<Record<string, number>>;
  /** What the prompts gave back, which is given, and then each byte. */
  readonly perToken: readonly ScoredPiece[];
}

export async function scoreBytes(mix: ByteMix, bytes: Uint8Array, signal: AbortSignal): Promise<BytesScore> {
  const { participants, pool, weighting: makeWeighting } = mix;
  const prior = participants.map(({ weight }) => weight);
  const weighting = (makeWeighting ?? fixedWeighting)(prior);
  let weights: readonly number[] = normaliseWeights(prior);
  const following = createFollowers(0);
  const alone = participants.map(() => 0);
  const pooled = new Float64Array(BYTE_SYMBOLS);
  const scored: number[] = [];
  const given = participants[0]?.opening.length ?? 0;
  const perToken: ScoredPiece[] = given === 0 ? [] : [{ bytes: given, logProb: 0 }];
  for (const byte of bytes) {
    const models = participants.map((participant) => following.follow(participant, scored).model);
    const answers = await Promise.all(models.map((model) => model.next(signal)));
    const distributions = answers.map((answer) => {
      if (answer === 'cancelled') throw new ChorusError('cancelled', 'Scoring was cancelled.');
      return answer;
    });
    weights = weighting.weights(distributions);
    poolInto(pool, distributions, weights, pooled);
    perToken.push({ bytes: 1, logProb: Math.log(pooled[byte] as number) });
    for (const [i, { logits }] of distributions.entries())
      alone[i] = (alone[i] ?? 0) + (logits[byte] as number);
    weighting.learn(distributions, byte);
    scored.push(byte);
  }
  return {
    logProb: perToken.reduce((sum, piece) => sum + piece.logProb, 0),
    experts: byExpert(participants, alone),
    weights: byExpert(participants, weights),
    perToken,
  };
}
