/**
 * Pools: the rules that join the experts' distributions p_i into one distribution m.
 * linear     m(x) = sum w_i p_i(x)                        (arXiv 2411.00406, the paper's rule; a robust OR)
 * geometric  m(x) ~ prod p_i(x)^w_i                       (logarithmic opinion pool; an AND, one expert can veto)
 * power      m(x) ~ (sum w_i p_i(x)^r)^(1/r), 0 < r <= 1  (between them: r = 1 is linear, r -> 0 geometric)
 */

import { DecodeError } from './decode-error.ts';
import type { Distribution } from './distribution.ts';
import { expOfNegative } from './exp.ts';

export type Pool =
  | { readonly kind: 'linear' }
  | { readonly kind: 'geometric' }
  | { readonly kind: 'power'; readonly exponent: number };

/**
 * Writes the pooled distribution m into `out` [V], mass 1, accumulated in float64.
 * @param weights normalised, one per distribution; an expert of weight 0 is skipped, not multiplied
 */
export function poolInto(
  pool: Pool,
  distributions: readonly Distribution[],
  weights: ArrayLike<number>,
  out: Float64Array,
): void {
  switch (pool.kind) {
    case 'linear':
      linearInto(distributions, weights, out);
      return;
    case 'geometric':
      geometricInto(distributions, weights, out);
      return;
    case 'power':
      // Closer to 0 than this, p^r is 1 in float64 whatever p is; the limit is the geometric pool.
      if (pool.exponent < 1e-6) geometricInto(distributions, weights, out);
      else if (pool.exponent === 1) linearInto(distributions, weights, out);
      else powerInto(pool.exponent, distributions, weights, out);
      return;
    default:
      pool satisfies never;
  }
}

/**
 * How much of token `x` each expert supplied: w_i p_i(x) / sum_j w_j p_j(x). Under the linear pool the denominator is
 * m(x); under the others it is the linear pool's, so that shares always sum to 1. Writes [experts] into `out`.
 */
export function sharesInto(
  distributions: readonly Distribution[],
  weights: ArrayLike<number>,
  x: number,
  out: Float64Array,
): void {
  let max = Number.NEGATIVE_INFINITY;
  for (const [i, d] of distributions.entries()) {
    const logTerm = Math.log(weights[i] as number) + (d.logits[x] as number) - d.logSumExp;
    out[i] = logTerm;
    if (logTerm > max) max = logTerm;
  }
  let sum = 0;
  for (let i = 0; i < distributions.length; i++) {
    const term = Number.isFinite(max) ? Math.exp((out[i] as number) - max) : (weights[i] as number);
    out[i] = term;
    sum += term;
  }
  for (let i = 0; i < distributions.length; i++) out[i] = (out[i] as number) / sum;
}

function linearInto(
  distributions: readonly Distribution[],
  weights: ArrayLike<number>,
  out: Float64Array,
): void {
  let first = true;
  for (let i = 0; i < distributions.length; i++) {
    const w = weights[i] as number;
    if (w === 0) continue;
    const p = (distributions[i] as Distribution).probabilities;
    if (first) for (let x = 0; x < out.length; x++) out[x] = w * (p[x] as number);
    else for (let x = 0; x < out.length; x++) out[x] = (out[x] as number) + w * (p[x] as number);
    first = false;
  }
}

function geometricInto(
  distributions: readonly Distribution[],
  weights: ArrayLike<number>,
  out: Float64Array,
): void {
  out.fill(0);
  for (let i = 0; i < distributions.length; i++) {
    const w = weights[i] as number;
    if (w === 0) continue;
    const { logits, logSumExp } = distributions[i] as Distribution;
    for (let x = 0; x < out.length; x++)
      out[x] = (out[x] as number) + w * ((logits[x] as number) - logSumExp);
  }
  exponentiateInto(out, 1);
}

function powerInto(
  r: number,
  distributions: readonly Distribution[],
  weights: ArrayLike<number>,
  out: Float64Array,
): void {
  out.fill(0);
  for (let i = 0; i < distributions.length; i++) {
    const w = weights[i] as number;
    if (w === 0) continue;
    const { logits, logSumExp } = distributions[i] as Distribution;
    for (let x = 0; x < out.length; x++) {
      out[x] = (out[x] as number) + w * expOfNegative(r * ((logits[x] as number) - logSumExp));
    }
  }
  for (let x = 0; x < out.length; x++) out[x] = Math.log(out[x] as number);
  exponentiateInto(out, 1 / r);
}

/** exp(scale * value) of every entry, normalised to mass 1, in place. */
function exponentiateInto(values: Float64Array, scale: number): void {
  let max = Number.NEGATIVE_INFINITY;
  for (let x = 0; x < values.length; x++) if ((values[x] as number) > max) max = values[x] as number;
  if (max === Number.NEGATIVE_INFINITY) throw new DecodeError('the experts have no token in common');
  let sum = 0;
  for (let x = 0; x < values.length; x++) {
    const e = expOfNegative(scale * ((values[x] as number) - max));
    values[x] = e;
    sum += e;
  }
  for (let x = 0; x < values.length; x++) values[x] = (values[x] as number) / sum;
}
