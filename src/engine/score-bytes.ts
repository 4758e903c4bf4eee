/** How probable given bytes are, under the pool and under each expert alone, exactly: each byte given the ones before it. */

import { createFollowers } from '../core/byte-followers.ts';
import { BYTE_SYMBOLS } from '../core/byte-vocabulary.ts';
import type { ByteMix } from '../core/decode-bytes.ts';
import { ChorusError } from '../protocol/failure.ts';
import { createPooledScore, type PooledScore } from './pooled-score.ts';

/** `perToken` of the result: what the prompts gave back, which is given, and then each byte. */
export async function scoreBytes(mix: ByteMix, bytes: Uint8Array, signal: AbortSignal): Promise<PooledScore> {
  const { participants } = mix;
  const scoring = createPooledScore(mix, BYTE_SYMBOLS);
  const following = createFollowers(0);
  const scored: number[] = [];
  for (const byte of bytes) {
    const models = participants.map((participant) => following.follow(participant, scored).model);
    const answers = await Promise.all(models.map((model) => model.next(signal)));
    const distributions = answers.map((answer) => {
      if (answer === 'cancelled') throw new ChorusError('cancelled', 'Scoring was cancelled.');
      return answer;
    });
    scoring.add(distributions, {
      symbol: byte,
      bytes: 1,
      pooled: (probabilities) => Math.log(probabilities[byte] as number),
      // They are log-probabilities.
      alone: (i) => distributions[i]?.logits[byte] as number,
    });
    scored.push(byte);
  }
  const score = scoring.score();
  const given = participants[0]?.opening.length ?? 0;
  return given === 0 ? score : { ...score, perToken: [{ bytes: given, logProb: 0 }, ...score.perToken] };
}
