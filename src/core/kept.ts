/** Whether the sampler's filters keep a token, as far as part of the pool can tell. */

import type { Sampling } from './sampler.ts';

/**
 * `known` [V] is what is certain of the pool's mass for each token, and `rest` >= 0 the mass that may yet be added to any of
 * them. The answer is `unknown` only where it depends on where the rest goes; with rest 0 it is what `sample` does.
 */
export function isKept(
  token: number,
  known: Float64Array,
  rest: number,
  { topK, topP, minP }: Sampling,
): 'kept' | 'cut' | 'unknown' {
  const p = known[token] as number;
  let mass = 0;
  let largestOther = 0;
  // Tokens ahead of this one wherever the rest goes, and those that may be.
  let surelyAhead = 0;
  let surelyAheadMass = 0;
  let maybeAhead = 0;
  let maybeAheadMass = 0;
  for (let x = 0; x < known.length; x++) {
    const q = known[x] as number;
    mass += q;
    if (x === token) continue;
    if (q > largestOther) largestOther = q;
    const tie = rest === 0 && q === p;
    if (q > p + rest || (tie && x < token)) {
      surelyAhead++;
      surelyAheadMass += q;
    }
    if ((q + rest >= p && !tie) || (tie && x < token)) {
      maybeAhead++;
      maybeAheadMass += q;
    }
  }
  const most = mass + rest;
  const cut =
    (topK > 0 && surelyAhead >= topK) ||
    (surelyAhead > 0 && surelyAheadMass >= topP * most) ||
    p + rest < minP * largestOther;
  if (cut) return 'cut';
  const kept =
    (topK === 0 || maybeAhead < topK) &&
    (topP >= 1 || maybeAhead === 0 || maybeAheadMass + rest < topP * most) &&
    (minP === 0 || p >= minP * (largestOther + rest));
  return kept ? 'kept' : 'unknown';
}
