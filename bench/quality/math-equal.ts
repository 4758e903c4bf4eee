/**
 * Whether an answer is the true one, as `math_equal` of the Qwen2.5-Math harness judges: as text, as a number to 1e-4 with or without
 * a percent sign, piece by piece for tuples, intervals and matrices, and as an expression.
 */

import { normalise, splitTop } from './math-text.ts';

/** Says whether two expressions in LaTeX are the same, in bounded time; see symbolic-equal.ts. */
export type SymbolicEqual = (first: string, second: string) => boolean | Promise<boolean>;

const CLOSE = 1e-4;
/** Answers are short; what is longer is a text that was boxed. */
const LONGEST = 1000;

export interface MathEqualOptions {
  readonly symbolic: SymbolicEqual;
  readonly keepUnits?: boolean;
}

/** Both as they were written; which bracket an interval has is not looked at, as in the harness. */
export async function mathEqual(answer: string, truth: string, options: MathEqualOptions): Promise<boolean> {
  if (/^[A-E]$/.test(truth.trim())) return choiceIn(answer) === truth.trim();
  const [a, b] = [normalise(answer, options), normalise(truth, options)];
  if (a === '' || b === '' || a.length > LONGEST) return false;
  return equal(a, b, options);
}

/** The letter that an answer to a choice ends with. */
export function choiceIn(answer: string): string | undefined {
  return answer
    .toUpperCase()
    .match(/(?<![A-Z])[A-E](?![A-Z])/g)
    ?.at(-1);
}

async function equal(a: string, b: string, options: MathEqualOptions): Promise<boolean> {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  const [x, y] = [plainNumber(a), plainNumber(b)];
  if (x !== undefined && y !== undefined) return closePercent(x, y);
  if (bare(a) === bare(b)) return true;
  const matrices = [matrixOf(a), matrixOf(b)] as const;
  if (matrices[0] !== undefined || matrices[1] !== undefined) return sameRows(...matrices, options);
  const lists = [listOf(a), listOf(b)] as const;
  if (lists[0].length !== lists[1].length) return false;
  if (lists[0].length > 1) return allEqual(...lists, options);
  const [left, right] = [sides(a), sides(b)];
  if (left.length === 2 && right.length === 2) {
    // The same is named: a value of any form may follow.
    if (bare(left[0] ?? '') === bare(right[0] ?? '') && (await equal(left[1] ?? '', right[1] ?? '', options)))
      return true;
    const [first, second] = [difference(left), difference(right)];
    return (await options.symbolic(first, second)) || (await options.symbolic(`-(${first})`, second));
  }
  if (left.length !== right.length) {
    const [alone, other] = left.length === 1 ? [a, right] : [b, left];
    const [name = '', value] = other;
    return other.length === 2 && name.length <= 2 && value !== undefined && equal(alone, value, options);
  }
  return options.symbolic(a, b);
}

/** `12`, `-1.5e3`, `\frac{3}{4}`; undefined for what takes more than arithmetic. */
function plainNumber(text: string): number | undefined {
  const fraction = /^(-?)\\frac\{(-?[\d.]+)\}\{(-?[\d.]+)\}$/.exec(text);
  if (fraction !== null) {
    const value = Number(fraction[2]) / Number(fraction[3]);
    return Number.isFinite(value) ? (fraction[1] === '-' ? -value : value) : undefined;
  }
  const value = /^[+-]?\s*(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)
    ? Number(text.replace(/[\s,]/g, ''))
    : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function closePercent(answer: number, truth: number): boolean {
  return [truth / 100, truth, truth * 100].some(
    (wanted) => Math.abs(answer - wanted) <= CLOSE * Math.max(Math.abs(answer), Math.abs(wanted)),
  );
}

/** Without brackets and blanks. */
function bare(text: string): string {
  return text.replace(/[\s(){}[\]]/g, '').toLowerCase();
}

/** Rows of cells. */
function matrixOf(text: string): string[][] | undefined {
  const inside = /^[([]?\s*\\begin\{pmatrix\}(.*)\\end\{pmatrix\}\s*[)\]]?$/.exec(text)?.[1];
  if (inside === undefined) return undefined;
  return splitTop(inside, '\\\\')
    .filter((row) => row !== '')
    .map((row) => splitTop(row, '&'));
}

/** A matrix may stand beside a column that was written as a tuple. */
async function sameRows(
  a: string[][] | undefined,
  b: string[][] | undefined,
  options: MathEqualOptions,
): Promise<boolean> {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (const [i, row] of a.entries()) {
    if (!(await allEqual(row, b[i] ?? [], options))) return false;
  }
  return true;
}

/** The pieces of `(a, b]`, `{a, b}` and `a, b`; of anything else itself. */
function listOf(text: string): string[] {
  const inside = /^[([{](.*)[)\]}]$/.exec(text)?.[1];
  const pieces = inside === undefined ? [] : splitTop(inside, ',');
  return pieces.length > 1 ? pieces : splitTop(text, ',');
}

async function allEqual(
  a: readonly string[],
  b: readonly string[],
  options: MathEqualOptions,
): Promise<boolean> {
  if (a.length !== b.length) return false;
  for (const [i, piece] of a.entries()) {
    if (!(await equal(normalise(piece), normalise(b[i] ?? ''), options))) return false;
  }
  return true;
}

function sides(text: string): string[] {
  return text.split('=').map((side) => side.trim());
}

function difference([left = '', right = '']: readonly string[]): string {
  return `${left} - (${right})`;
}
