/** A line of mathematics as the algebra reads it: an expression, or sides joined by `=`, in one or several alternatives. */

import type { ComputeEngine, Expression } from '@cortex-js/compute-engine';
import { toLatex } from './plain.ts';

export type Statement =
  | { readonly kind: 'expression'; readonly value: Expression }
  /** At least two sides; `alternatives` are more than one for `x = 1 or x = 2` and `x = \pm 1`. */
  | { readonly kind: 'equation'; readonly alternatives: readonly (readonly Expression[])[] }
  /** `= c`, which goes on from the line before. */
  | { readonly kind: 'continued'; readonly sides: readonly Expression[] }
  | { readonly kind: 'unread'; readonly why: string };

const longest = 2000;
const arrows =
  /^\s*(?:\\(?:Rightarrow|implies|iff|Leftrightarrow|therefore|to|rightarrow)(?![a-zA-Z])|=>|<=>|⇒|⇔|∴|→)\s*/;
const or = /\s*(?:\\text\s*\{\s*or\s*\}|\\lor(?![a-zA-Z])|\bor\b|∨)\s*/;
/** Letters that name functions where a bracket follows; any other letter is a factor there. */
const functionLetters = 'fghFGH';
const factorLetters = [...'abcjklmnopqrstuvwxyzABEHKLMPQRSTUVWXYZ'].filter(
  (letter) => !functionLetters.includes(letter),
);

/** Reads one expression; a string says why it cannot. */
export function readExpression(engine: ComputeEngine, text: string): Expression | string {
  if (text.trim() === '') return 'There is no expression.';
  if (text.length > longest) return `The expression is longer than ${longest} characters.`;
  const latex = toLatex(text);
  for (const letter of factorLetters) {
    // A letter before a bracket would be read as a function of it.
    if (new RegExp(`(?<![\\\\a-zA-Z])${letter}\\s*\\(`).test(latex)) {
      engine.declare(letter, { type: 'number', inferred: true });
    }
  }
  const parsed = engine.parse(latex);
  if (!parsed.isValid) return `"${text.trim()}" cannot be read as mathematics.`;
  return parsed;
}

export function readStatement(engine: ComputeEngine, text: string): Statement {
  const plain = text.replace(arrows, '').trim();
  if (/[<>≤≥≠]|\\(?:le|ge|leq|geq|lt|gt|ne|neq|approx|sim|equiv|in)(?![a-zA-Z])/.test(plain)) {
    return { kind: 'unread', why: 'Only expressions and equations are compared, no inequalities.' };
  }
  const isContinued = /^(?:&\s*)?=/.test(plain);
  const texts = plain.split(or).flatMap((part) => signsOf(part));
  const alternatives: Expression[][] = [];
  for (const part of texts) {
    const sides: Expression[] = [];
    const written = part.replace(/^(?:&\s*)?=/, '').split('=');
    for (const side of written) {
      const read = readExpression(engine, side.replaceAll('&', ' '));
      if (typeof read === 'string') return { kind: 'unread', why: read };
      sides.push(read);
    }
    alternatives.push(sides);
  }
  const [first = []] = alternatives;
  if (isContinued) {
    if (alternatives.length === 1) return { kind: 'continued', sides: first };
    return { kind: 'unread', why: 'A line that begins with "=" can have one value only.' };
  }
  const [value] = first;
  if (alternatives.length === 1 && first.length === 1 && value !== undefined)
    return { kind: 'expression', value };
  if (alternatives.every((sides) => sides.length >= 2)) return { kind: 'equation', alternatives };
  return { kind: 'unread', why: `"${plain}" cannot be read as mathematics.` };
}

/** Both readings of `\pm`. */
function signsOf(text: string): string[] {
  if (!/\\(?:pm|mp)(?![a-z])|±/.test(text)) return [text];
  const other: Readonly<Record<string, string>> = { '+': '-', '-': '+' };
  return ['+', '-'].map((sign) =>
    text
      .replace(/\\pm(?![a-z])|±/g, ` ${sign} `)
      .replace(/\\mp(?![a-z])/g, ` ${other[sign] ?? ''} `)
      // A sign before the first term of a side would be read as an operator without a left side.
      .replace(/=\s*\+\s*/g, '= '),
  );
}
