/** One expert's next-token distribution: raw logits beside their softmax, so that no pool computes it twice. */

import { DecodeError } from './decode-error.ts';
import { expOfNegative } from './exp.ts';
import type { Rows } from './expert.ts';

export interface Distribution {
  /** Raw logits [V]. */
  readonly logits: Float32Array | Float64Array;
  /** softmax(logits) [V]. */
  readonly probabilities: Float64Array | Float32Array;
  /** log sum exp of the logits, in nats: log p(x) = logits[x] - logSumExp. */
  readonly logSumExp: number;
}

/**
 * Writes softmax(logits) into `out` [V] and returns log sum exp(logits), accumulated in float64.
 * Throws where no logit is finite or one is NaN or +infinity: such a model is broken.
 */
export function softmaxInto(logits: Float32Array, out: Float64Array): number {
  const max = largest(logits);
  let sum = 0;
  for (let x = 0; x < logits.length; x++) {
    const e = expOfNegative((logits[x] as number) - max);
    out[x] = e;
    sum += e;
  }
  const total = logOfSum(sum, max);
  const scale = 1 / sum;
  for (let x = 0; x < logits.length; x++) out[x] = (out[x] as number) * scale;
  return total;
}

/**
 * Softmax over some of the tokens: writes that of `ids` into `out` [ids], in their order, and returns the sum over `ends`.
 * Throws as `softmaxInto` does. Ids beyond the logits have probability 0.
 */
export function softmaxOverInto(
  logits: Float32Array,
  ids: Int32Array,
  ends: readonly number[],
  out: Float64Array,
): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < ids.length; i++) max = Math.max(max, logits[ids[i] as number] ?? max);
  for (const id of ends) max = Math.max(max, logits[id] ?? max);
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    const e = expOfNegative((logits[ids[i] as number] ?? Number.NEGATIVE_INFINITY) - max);
    out[i] = e;
    sum += e;
  }
  let end = 0;
  for (const id of ends) end += expOfNegative((logits[id] ?? Number.NEGATIVE_INFINITY) - max);
  sum += end;
  logOfSum(sum, max);
  for (let i = 0; i < ids.length; i++) out[i] = (out[i] as number) / sum;
  return end / sum;
}

/**
 * The distribution of row `row` of an expert's answer. Its softmax is the expert's own where it gives one, else it is written to
 * `out` [V]. Throws as `softmaxInto` does.
 */
export function distributionOf({ logits, softmax }: Rows, row: number, out: Float64Array): Distribution {
  const [from, to] = [row * out.length, (row + 1) * out.length];
  const values = logits.subarray(from, to);
  if (softmax === undefined) {
    return { logits: values, probabilities: out, logSumExp: softmaxInto(values, out) };
  }
  const logSumExp = softmax.logSumExps[row] ?? Number.NaN;
  if (!Number.isFinite(logSumExp)) throw new DecodeError('the logits are not finite numbers');
  return { logits: values, probabilities: softmax.probabilities.subarray(from, to), logSumExp };
}

/** log p(token) in nats: the scoring half of softmax, without writing probabilities. Throws as it does. */
export function logProbability(logits: Float32Array, token: number): number {
  const max = largest(logits);
  let sum = 0;
  for (let x = 0; x < logits.length; x++) sum += expOfNegative((logits[x] as number) - max);
  return (logits[token] as number) - logOfSum(sum, max);
}

function largest(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let x = 0; x < logits.length; x++) {
    const z = logits[x] as number;
    if (z > max) max = z;
  }
  return max;
}

/** log sum exp, from the sum of exp(z - max). */
function logOfSum(sum: number, max: number): number {
  if (!Number.isFinite(sum) || !Number.isFinite(max)) {
    throw new DecodeError('the logits are not finite numbers');
  }
  return max + Math.log(sum);
}

/** Entropy -sum p log p in nats. */
export function entropy(probabilities: Float64Array): number {
  let sum = 0;
  for (let x = 0; x < probabilities.length; x++) {
    const p = probabilities[x] as number;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}

/** Total variation 1/2 sum |p - q|, in [0, 1]. */
export function totalVariation(p: Distribution['probabilities'], q: Distribution['probabilities']): number {
  let sum = 0;
  for (let x = 0; x < p.length; x++) sum += Math.abs((p[x] as number) - (q[x] as number));
  return Math.min(1, sum / 2);
}

/**
 * Agreement of several experts: 1 - the mean total variation over pairs, each pair weighted by w_i w_j.
 * Exactly 1 - total variation for two experts of any weights > 0, and 1 for one expert.
 */
export function agreement(distributions: readonly Distribution[], weights: ArrayLike<number>): number {
  let apart = 0;
  let mass = 0;
  for (const [i, a] of distributions.entries()) {
    for (const [j, b] of distributions.entries()) {
      const w = (weights[i] as number) * (weights[j] as number);
      if (j <= i || w === 0) continue;
      apart += w * totalVariation(a.probabilities, b.probabilities);
      mass += w;
    }
  }
  return mass === 0 ? 1 : 1 - apart / mass;
}
