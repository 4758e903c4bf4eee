/** How probable given bytes are, under the pool and under each expert alone, exactly: each byte given the ones before it. */

import { BYTE_SYMBOLS } from '../core/byte-vocabulary.ts';
import type { ByteMix } from '../core/decode-bytes.ts';
import { overBytes } from './over-steps.ts';
import { createPooledScore, type PooledScore } from './pooled-score.ts';

/** `perToken` of the result: what the prompts gave back, which is given, and then each byte. */
export async function scoreBytes(mix: ByteMix, bytes: Uint8Array, signal: AbortSignal): Promise<PooledScore> {
  const scoring = createPooledScore(mix, BYTE_SYMBOLS);
  await overBytes(mix, bytes, {
    signal,
    say(distributions, step) {
      const byte = bytes[step] as number;
      scoring.add(distributions, {
        symbol: byte,
        bytes: 1,
        pooled: (probabilities) => Math.log(probabilities[byte] as number),
        // They are log-probabilities.
        alone: (i) => distributions[i]?.logits[byte] as number,
      });
    },
  });
  const score = scoring.score();
  const given = mix.participants[0]?.opening.length ?? 0;
  return given === 0 ? score : { ...score, perToken: [{ bytes: given, logProb: 0 }, ...score.perToken] };
}
