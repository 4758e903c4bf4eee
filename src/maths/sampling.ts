/** Values of two expressions at a few fixed points: what tells two functions apart, and is evidence where it does not. */

import type { Expression } from '@cortex-js/compute-engine';

export type Complex = readonly [re: number, im: number];

export interface Sample {
  readonly at: Readonly<Record<string, number>>;
  /** Undefined where there is no finite value. */
  readonly left: Complex | undefined;
  readonly right: Complex | undefined;
}

/** No expression that is worth comparing was made for them. */
const points = [0.7310586, 1.9364917, 2.6457513, -0.5772157, -1.618034, 3.3166248] as const;
export const mostVariables = 6;

/** One sample where there are no variables. Lazy: each value may take long. */
export function* samples(left: Expression, right: Expression, names: readonly string[]): Generator<Sample> {
  const shifts = names.length === 0 ? [0] : points.keys();
  for (const shift of shifts) {
    const at = pointAt(names, shift);
    yield { at, left: valueAt(left, at), right: valueAt(right, at) };
  }
}

/** A point for the variables: another one for each shift, with different values for neighbours. */
export function pointAt(names: readonly string[], shift: number): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name, i) => [name, points[(shift + 2 * i) % points.length] ?? 0]));
}

export function unknownsOf(...expressions: readonly Expression[]): string[] {
  return [...new Set(expressions.flatMap(({ unknowns }) => unknowns))].sort();
}

export function valueAt(expression: Expression, at: Readonly<Record<string, number>>): Complex | undefined {
  const { re, im } = expression.subs(at).N();
  return Number.isFinite(re) && Number.isFinite(im) ? [re, im] : undefined;
}

/** Relative to the larger of the two. */
export function isClose(x: Complex, y: Complex, tolerance: number): boolean {
  const size = Math.max(Math.hypot(...x), Math.hypot(...y));
  return Math.hypot(x[0] - y[0], x[1] - y[1]) <= tolerance * size + 1e-12;
}
