/**
 * Whether two expressions in LaTeX are the same, by @cortex-js/compute-engine: by form, else by value, at several points where there
 * are variables. Equality of expressions cannot be decided in general; two that agree at all points tried count as equal.
 */

import { ComputeEngine } from '@cortex-js/compute-engine';
import { isClose, mostVariables, samples, unknownsOf } from '../../src/maths/sampling.ts';

/** As math_equal has it for values. */
const CLOSE = 1e-4;
/** For functions: they are compared at points that no answer was made for. */
const SAME = 1e-8;
/** Points at which both must have a value. */
const LEAST = 2;

/** May take very long for towers of powers; symbolic-worker.ts bounds it. */
export function symbolicEqual(first: string, second: string): boolean {
  // Of an expression with two values both must be the same; the engine has no value for it.
  const signs = [first, second].map((text) => /\\(?:pm|mp)(?![a-z])/.test(text));
  if (signs[0] !== signs[1]) return false;
  if (signs[0] === true) {
    return ['+', '-'].every((sign) => symbolicEqual(withSign(first, sign), withSign(second, sign)));
  }
  const engine = new ComputeEngine();
  const [a, b] = [engine.parse(first), engine.parse(second)];
  if (!a.isValid || !b.isValid) return false;
  if (a.isSame(b)) return true;
  const names = unknownsOf(a, b);
  if (names.length > mostVariables) return false;
  const isConstant = names.length === 0;
  let agreed = 0;
  for (const { left, right } of samples(a, b, names)) {
    if (left === undefined && right === undefined) continue;
    // A value on one side alone is a difference.
    if (left === undefined || right === undefined) return false;
    if (!isClose(left, right, isConstant ? CLOSE : SAME)) return false;
    agreed++;
  }
  return agreed >= (isConstant ? 1 : LEAST);
}

function withSign(text: string, sign: string): string {
  const other = sign === '+' ? '-' : '+';
  return text.replace(/\\pm(?![a-z])/g, ` ${sign} `).replace(/\\mp(?![a-z])/g, ` ${other} `);
}
