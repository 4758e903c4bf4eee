/**
 * Whether two expressions in LaTeX are the same, by @cortex-js/compute-engine: by form, else by value, at several points where there
 * are variables. Equality of expressions cannot be decided in general; two that agree at all points tried count as equal.
 */

import { ComputeEngine, type Expression } from '@cortex-js/compute-engine';

/** As math_equal has it for values. */
const CLOSE = 1e-4;
/** For functions: they are compared at points that no answer was made for. */
const SAME = 1e-8;
const POINTS = [0.7310586, 1.9364917, 2.6457513, -0.5772157, -1.618034, 3.3166248];
/** Points at which both must have a value. */
const LEAST = 2;
const MOST_VARIABLES = 6;

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
  const names = [...new Set([...a.unknowns, ...b.unknowns])].sort();
  if (names.length > MOST_VARIABLES) return false;
  if (names.length === 0) return closeAt(a, b, {}, CLOSE) === true;
  let agreed = 0;
  for (const shift of POINTS.keys()) {
    const at = Object.fromEntries(
      names.map((name, i) => [name, POINTS[(shift + 2 * i) % POINTS.length] ?? 0]),
    );
    const close = closeAt(a, b, at, SAME);
    if (close === false) return false;
    if (close === true) agreed++;
  }
  return agreed >= LEAST;
}

function withSign(text: string, sign: string): string {
  const other = sign === '+' ? '-' : '+';
  return text.replace(/\\pm(?![a-z])/g, ` ${sign} `).replace(/\\mp(?![a-z])/g, ` ${other} `);
}

/** undefined where one of the two has no value. */
function closeAt(
  a: Expression,
  b: Expression,
  at: Readonly<Record<string, number>>,
  tolerance: number,
): boolean | undefined {
  const [x, y] = [complexOf(a, at), complexOf(b, at)];
  if (x === undefined || y === undefined) return x === y ? undefined : false;
  const size = Math.max(Math.hypot(...x), Math.hypot(...y));
  return Math.hypot(x[0] - y[0], x[1] - y[1]) <= tolerance * size + 1e-12;
}

/** The value as a complex number. */
function complexOf(
  expression: Expression,
  at: Readonly<Record<string, number>>,
): [number, number] | undefined {
  const value = expression.subs(at).N();
  const [re, im] = [value.re, value.im];
  return Number.isFinite(re) && Number.isFinite(im) ? [re, im] : undefined;
}
