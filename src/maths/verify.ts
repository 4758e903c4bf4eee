/** Whether two expressions are equal: by rules of algebra, else by their values. A difference is shown by a point, not supposed. */

import type { ComputeEngine, Expression } from '@cortex-js/compute-engine';
import type { Verdict } from '../protocol/maths.ts';
import { type Complex, isClose, mostVariables, samples, unknownsOf } from './sampling.ts';

const close = 1e-9;
/** Points at which both must have a value. */
const least = 2;
/** A part of a value that is there only by rounding. */
const negligible = 1e-12;

export function verifyEqual(engine: ComputeEngine, left: Expression, right: Expression): Verdict {
  if (left.isSame(right)) return { kind: 'true', by: 'form' };
  const difference = engine.function('Subtract', [left, right]);
  if (isZero(difference.evaluate()) || isZero(difference.simplify())) return { kind: 'true', by: 'form' };
  const names = unknownsOf(left, right);
  if (names.length === 0) return ofConstants(difference, left, right);
  if (names.length > mostVariables) {
    return { kind: 'unknown', why: `There are more than ${mostVariables} variables.` };
  }
  let agreed = 0;
  let branch: Readonly<Record<string, number>> | undefined;
  for (const { at, left: x, right: y } of samples(left, right, names)) {
    if (x === undefined || y === undefined) continue;
    if (isClose(x, y, close)) agreed++;
    else if (isReal(x) && isReal(y)) return differAt(at, x, y);
    else branch = at;
  }
  if (branch !== undefined) {
    return {
      kind: 'unknown',
      why: `Where both are real numbers they agree, but not for every complex value (${pointText(branch)}).`,
    };
  }
  if (agreed >= least) return { kind: 'true', by: 'points' };
  return { kind: 'unknown', why: 'The algebra finds no values to compare.' };
}

function ofConstants(difference: Expression, left: Expression, right: Expression): Verdict {
  const exact = difference.evaluate();
  const [sample] = samples(left, right, []);
  const [x, y] = [sample?.left, sample?.right];
  // Where both are too large for a number that is not exact, the exact difference still says it.
  if (x === undefined || y === undefined || (exact.isInteger === true && !isZero(exact))) {
    if (exact.isInteger !== true) return { kind: 'unknown', why: 'The algebra finds no value to compare.' };
    return isZero(exact)
      ? { kind: 'true', by: 'form' }
      : { kind: 'false', why: `The left side minus the right side is ${exact.toString()}, not 0.` };
  }
  return isClose(x, y, close) ? { kind: 'true', by: 'points' } : differAt({}, x, y);
}

function differAt(at: Readonly<Record<string, number>>, x: Complex, y: Complex): Verdict {
  const values = `the left side is ${complexText(x)} and the right side ${complexText(y)}`;
  const why = Object.keys(at).length === 0 ? `T${values.slice(1)}.` : `For ${pointText(at)}, ${values}.`;
  return {
    kind: 'false',
    why,
    ...(isReal(x) && isReal(y) && { counterexample: { at, left: x[0], right: y[0] } }),
  };
}

function isZero(expression: Expression): boolean {
  return expression.isSame(0);
}

export function isReal([re, im]: Complex): boolean {
  return Math.abs(im) <= negligible * Math.max(1, Math.abs(re));
}

/** `x = 2, y = -0.577`. */
export function pointText(at: Readonly<Record<string, number>>): string {
  return Object.entries(at)
    .map(([name, value]) => `${name} = ${numberText(value)}`)
    .join(', ');
}

export function numberText(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function complexText(value: Complex): string {
  const [re, im] = value;
  if (isReal(value)) return numberText(re);
  return `${numberText(re)} ${im < 0 ? '-' : '+'} ${numberText(Math.abs(im))}i`;
}
