/**
 * Whether an equation follows from the one before: the same up to a factor, or with the same solutions. Solutions are found by the
 * algebra and tried in the other equation, so that what is called lost or wrong is shown by a number.
 */

import type { ComputeEngine, Expression } from '@cortex-js/compute-engine';
import type { Verdict } from '../protocol/maths.ts';
import { type Complex, isClose, mostVariables, pointAt, samples, unknownsOf, valueAt } from './sampling.ts';
import { isReal, pointText } from './verify.ts';

export interface Followed {
  readonly verdict: Verdict;
  readonly note?: string;
}

const near = 1e-7;
/** Values tried for each of the other variables while one is solved for. */
const tries = 3;

/** `before` and `after` are zero where their equations hold. */
export function follows(engine: ComputeEngine, before: Expression, after: Expression): Followed {
  const names = unknownsOf(before, after);
  if (isProportional(before, after, names)) return { verdict: { kind: 'true', by: 'points' } };
  if (names.length > mostVariables) {
    return { verdict: { kind: 'unknown', why: `There are more than ${mostVariables} variables.` } };
  }
  for (const name of [...unknownsOf(before)].filter((unknown) => after.unknowns.includes(unknown))) {
    const [old, fresh] = [rootsOf(engine, before, name, names), rootsOf(engine, after, name, names)];
    if (old.length === 0 || fresh.length === 0) continue;
    const lost = old.find((at) => !isRoot(after, at));
    if (lost !== undefined) {
      return {
        verdict: { kind: 'false', why: `${pointText(lost)} satisfies the equation before and not this one.` },
      };
    }
    const added = fresh.find((at) => !isRoot(before, at));
    const note =
      added &&
      `It holds, but not the other way: ${pointText(added)} satisfies this equation and not the one before.`;
    return { verdict: { kind: 'true', by: 'points' }, ...(note !== undefined && { note }) };
  }
  return { verdict: { kind: 'unknown', why: 'The algebra finds no solutions to compare the equations by.' } };
}

/** The ratio of the two is the same at every point: a factor was multiplied or divided. */
function isProportional(before: Expression, after: Expression, names: readonly string[]): boolean {
  let ratio: number | undefined;
  let agreed = 0;
  for (const { left, right } of samples(before, after, names)) {
    if (left === undefined || right === undefined) continue;
    if (!isReal(left) || !isReal(right) || Math.abs(left[0]) < near || Math.abs(right[0]) < near)
      return false;
    const here = right[0] / left[0];
    if (ratio !== undefined && !isClose([ratio, 0], [here, 0], near)) return false;
    ratio = here;
    agreed++;
  }
  return agreed >= 2;
}

/** Real points where `zero` is 0, found by solving for `name` with the other variables at a few values. */
function rootsOf(
  engine: ComputeEngine,
  zero: Expression,
  name: string,
  names: readonly string[],
): Readonly<Record<string, number>>[] {
  const others = names.filter((other) => other !== name);
  const found: Readonly<Record<string, number>>[] = [];
  for (let shift = 0; shift < (others.length === 0 ? 1 : tries); shift++) {
    const at = pointAt(others, shift);
    for (const solution of solutionsOf(engine, [zero.subs(at), engine.number(0)], name)) {
      const value = valueAt(solution, {});
      if (value === undefined || !isReal(value)) continue;
      const point = { ...at, [name]: value[0] };
      if (isRoot(zero, point)) found.push(point);
    }
  }
  return found;
}

function isRoot(zero: Expression, at: Readonly<Record<string, number>>): boolean {
  const value = valueAt(zero, at);
  if (value === undefined) return false;
  return isSmall(value, Math.max(1, ...Object.values(at).map(Math.abs)));
}

function isSmall([re, im]: Complex, size: number): boolean {
  return Math.hypot(re, im) <= near * size * size;
}

/** Zero where any of the alternatives holds; of a chain all its sides must be equal, so only two are taken. */
export function zeroOf(
  engine: ComputeEngine,
  alternatives: readonly (readonly Expression[])[],
): Expression | undefined {
  const differences: Expression[] = [];
  for (const sides of alternatives) {
    const [left, right] = sides;
    if (left === undefined || right === undefined || sides.length > 2) return undefined;
    differences.push(engine.function('Subtract', [left, right]));
  }
  const [only] = differences;
  if (only !== undefined && differences.length === 1) return only;
  return engine.function('Multiply', differences);
}

/** What the algebra finds, which need not be all. */
export function solutionsOf(
  engine: ComputeEngine,
  sides: readonly [Expression, Expression],
  name: string,
): Expression[] {
  const solved: unknown = engine.function('Equal', sides).solve(name);
  return Array.isArray(solved) ? solved.filter(isOne) : [];
}

/** One of several variables would be a record. */
function isOne(solution: unknown): solution is Expression {
  return typeof solution === 'object' && solution !== null && 'operator' in solution;
}
