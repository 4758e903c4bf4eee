/**
 * exp for the hot loops of mixing, which call it once per token of the vocabulary and expert. Twice as fast as Math.exp there:
 * x = (k / 32) ln 2 + r with |r| <= ln 2 / 64, a table for 2^(k / 32), a polynomial of degree 6 for exp(r) (Tang 1989).
 */

const STEPS = 32;
const fractions = Float64Array.from({ length: STEPS }, (_, j) => 2 ** (j / STEPS));
/** 2^-n; beyond the smallest exponent of a float64 nothing is looked up. */
const powers = Float64Array.from({ length: 1024 }, (_, n) => 2 ** -n);
/** ln 2 - Math.LN2, what a float64 cannot hold of it. */
const LN2_REST = 2.3190468138462996e-17;
const INVERSE = STEPS / Math.LN2;
/** ln 2 / 32 in two parts: the first has so few bits that its product with k is exact. */
const HIGH = Math.fround(Math.LN2 / STEPS);
const LOW = Math.LN2 / STEPS - HIGH + LN2_REST / STEPS;
/** Adding and taking away 1.5 * 2^52 rounds to the nearest whole number. */
const ROUND = 6755399441055744;
const SMALLEST = -700;

/** exp(x) for x <= 0, within 1e-15 of it relatively; NaN for NaN, 0 for -infinity. */
export function expOfNegative(x: number): number {
  // Also false for NaN.
  if (!(x > SMALLEST)) return Math.exp(x);
  const rounded = x * INVERSE + ROUND - ROUND;
  const k = rounded | 0;
  const r = x - rounded * HIGH - rounded * LOW;
  const tail = r * r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720)))));
  return (fractions[k & (STEPS - 1)] as number) * (powers[-(k >> 5)] as number) * (1 + (r + tail));
}
