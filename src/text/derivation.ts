/** The steps of a derivation inside a text: lines, formulas between dollars, rows of an `align`. Prose between them is left out. */

import { formulaAt } from './math.ts';

export interface DerivationStep {
  readonly text: string;
  /** Offsets into the text that was given. */
  readonly start: number;
  readonly end: number;
}

const lead =
  /^(?:\s|\/\/+|#+(?=\s)|%+|\*(?=\s)|>(?=\s)|(?:step\s*)?\d+[.:)](?=\s)|[A-Za-z][A-Za-z ,]*:(?=\s)|(?:so|then|thus|hence|therefore)\b,?)+/i;
const frame =
  /\\(?:begin|end)\s*\{[^{}]*\}(?:\{[^{}]*\})?|\\(?:label|tag)\s*\{[^{}]*\}|\$\$?|\\[[\]()]|```\w*/g;
const rowEnd = /\\\\(?:\[[^\]]*\])?|\n/g;

export function derivationSteps(text: string): DerivationStep[] {
  const parts = formulasIn(text);
  const regions = parts.length > 0 ? parts : [{ start: 0, end: text.length }];
  return regions
    .flatMap((region) => rowsOf(text, region))
    .map((row) => trimmed(text, row))
    .filter((step) => looksLikeMathematics(step.text));
}

interface Region {
  readonly start: number;
  readonly end: number;
}

function formulasIn(text: string): Region[] {
  const found: Region[] = [];
  for (let i = 0; i < text.length; i++) {
    const formula = formulaAt(text, i);
    if (formula !== undefined) {
      found.push({ start: i, end: formula.end });
      i = formula.end - 1;
    } else if (text.charAt(i) === '\\') i++;
  }
  return found;
}

function rowsOf(text: string, { start, end }: Region): Region[] {
  const rows: Region[] = [];
  let from = start;
  for (const match of text.slice(start, end).matchAll(rowEnd)) {
    rows.push({ start: from, end: start + match.index });
    from = start + match.index + match[0].length;
  }
  rows.push({ start: from, end });
  return rows;
}

/** Without what frames it and without blanks; offsets stay those of the text. */
function trimmed(text: string, { start, end }: Region): DerivationStep {
  // Blanks of the same length keep the offsets.
  const bare = text.slice(start, end).replace(frame, (found) => ' '.repeat(found.length));
  const before = lead.exec(bare)?.[0].length ?? 0;
  const rest = bare.slice(before);
  const own = rest.trimEnd().replace(/[\s,;.]+$/, '');
  return { text: own, start: start + before, end: start + before + own.length };
}

/** Has something to compute, and is not a sentence with a number in it. */
function looksLikeMathematics(text: string): boolean {
  const bare = text.replace(/\\text\s*\{[^{}]*\}/g, ' ').replace(/\\[a-zA-Z]+/g, ' ');
  if (!/[\d=+*/^]|\w\s*\(|\\frac/.test(bare) && !/^\\[a-zA-Z]+/.test(text)) return false;
  const words = bare.match(/\b(?!or\b|sin\b|cos\b|tan\b|log\b|sqrt\b)[A-Za-z]{2,}\b/g) ?? [];
  return !/[A-Za-z]{2,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}/.test(bare) && words.length <= 4;
}

/**
 * `step` on a line of its own after the step that ends at `end`: with the indentation of its line, the row end of an `align` and the
 * dollars of the formula before it.
 */
export function insertedStep(text: string, end: number, step: string): { at: number; inserted: string } {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const lineStart = text.lastIndexOf('\n', end - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, end))?.[0] ?? '';
  const lineEnd = text.indexOf('\n', end);
  const rest = text.slice(end, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, '');
  const dollar = /^\s*(\$\$?|\\\)|\\\])/.exec(rest)?.[1];
  const at = end + rest.length;
  if (dollar !== undefined) {
    const opening = { '\\)': '\\(', '\\]': '\\[' }[dollar] ?? dollar;
    return { at, inserted: `${newline}${newline}${indent}${opening}${step}${dollar}` };
  }
  const isRow =
    /\\begin\s*\{(?:align|aligned|gather|eqnarray|split)/.test(text.slice(0, end)) || /^\s*\\\\/.test(rest);
  const ended = /\\\\/.test(rest) || !isRow;
  return { at, inserted: `${ended ? '' : ' \\\\'}${newline}${indent}${step}` };
}
