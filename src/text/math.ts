/**
 * Finds formulas in the text of an answer: `\( \)`, `\[ \]`, `$ $`, `$$ $$` and a bare `\boxed{...}`. A formula
 * that has no end yet, as in a stream, is text, and so are prices.
 */

export interface Formula {
  /** Index after the last character of the formula with its delimiters. */
  readonly end: number;
  /** What stands between the delimiters; a bare `\boxed{...}` is its own formula. */
  readonly tex: string;
  /** On a line of its own. */
  readonly display: boolean;
}

const BOXED = '\\boxed{';

/** The formula whose opening delimiter starts at `index`. The caller knows that `index` is not inside code. */
export function formulaAt(text: string, index: number): Formula | undefined {
  if (text.startsWith('\\(', index)) return delimited(text, index, '\\)', false);
  if (text.startsWith('\\[', index)) return delimited(text, index, '\\]', true);
  if (text.startsWith('$$', index)) return delimited(text, index, '$$', true);
  if (text.startsWith('$', index)) return inDollars(text, index);
  if (text.startsWith(BOXED, index)) return boxed(text, index);
  return undefined;
}

/** From a two-character opening delimiter to `closer`; a backslash hides the character after it. */
function delimited(text: string, index: number, closer: string, display: boolean): Formula | undefined {
  // Unclosed delimiters are the usual case in a stream, and the built-in search makes them cheap.
  if (!text.includes(closer, index + 2)) return undefined;
  for (let i = index + 2; i < text.length; i++) {
    if (text.startsWith(closer, i)) return formula(text.slice(index + 2, i), i + 2, display);
    if (text.charAt(i) === '\\') i++;
  }
  return undefined;
}

function formula(tex: string, end: number, display: boolean): Formula | undefined {
  return tex.trim() === '' ? undefined : { end, tex: tex.trim(), display };
}

/**
 * `$x$` by Pandoc's rule: no space inside the dollars, no digit after the closing one. Two more conditions keep money
 * out: no letter or digit before the opening dollar (`US$5`), and no prose after a number (`$5 a day or 30$`).
 */
function inDollars(text: string, index: number): Formula | undefined {
  if (/[\p{L}\p{N}$\\]/u.test(text.charAt(index - 1)) || /^\s?$/.test(text.charAt(index + 1)))
    return undefined;
  for (let i = index + 1; i < text.length; i++) {
    const character = text.charAt(i);
    // A code span binds tighter than a formula, and a blank line ends the paragraph.
    if (character === '`' || text.startsWith('\n\n', i)) return undefined;
    if (character === '\\') i++;
    else if (character === '$') {
      const tex = text.slice(index + 1, i);
      const closes = !/\s$/.test(tex) && !/[\p{N}$]/u.test(text.charAt(i + 1)) && !isPrice(tex);
      return closes ? formula(tex, i + 1, false) : undefined;
    }
  }
  return undefined;
}

/** Starts as an amount and goes on in words: `5 and `, `5, or US`. */
function isPrice(tex: string): boolean {
  if (!/^\d/.test(tex)) return false;
  const plain = tex.replace(/\\[a-zA-Z]+(\{[^{}]*\})?/g, '');
  return /\s\p{L}{2,}|\p{L}{2,}\s/u.test(plain);
}

/** `\boxed{...}` up to the brace that closes it. */
function boxed(text: string, index: number): Formula | undefined {
  let depth = 1;
  for (let i = index + BOXED.length; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\\') i++;
    else if (character === '{') depth++;
    else if (character === '}') depth--;
    if (depth === 0) return { end: i + 1, tex: text.slice(index, i + 1), display: false };
  }
  return undefined;
}
