/** An answer's text before it is compared: what is only typography or a unit is taken off (as in the Qwen2.5-Math harness). */

const replacements: readonly (readonly [RegExp, string])[] = [
  [/\\(?:!|,|;|:|quad|qquad)(?![a-zA-Z])/g, ''],
  [/\\ /g, ' '],
  [/\\begin\{array\}\{[^{}]*\}/g, '\\begin{pmatrix}'],
  [/\\end\{array\}/g, '\\end{pmatrix}'],
  [/bmatrix/g, 'pmatrix'],
  [/\\[dt]frac/g, '\\frac'],
  [/\\neq(?![a-z])/g, '\\ne'],
  [/\\leq(?![a-z])/g, '\\le'],
  [/\\geq(?![a-z])/g, '\\ge'],
  [/\\(?:left|right)(?![a-zA-Z])/g, ''],
  [/\\([{}])/g, '$1'],
  [/\^\s*\{?\\circ\}?|°/g, ''],
  [/\\?\$|\\\(|\\\)|\\\[|\\\]/g, ''],
  [/\\?%/g, ''],
  [/−/g, '-'],
  [/×/g, '\\times '],
  [/π/g, '\\pi '],
  [/∞|\binfinity\b/g, '\\infty'],
  [/\\emptyset|∅/g, '{}'],
  [/\\(?:mathbf|mathrm|mathit)(?=\{)/g, ''],
  [/\\mbox\{[^{}]*\}/g, ''],
  [/(?<=\d),(?=\d{3}(?!\d))/g, ''],
];

export interface NormaliseOptions {
  /** Letters after a number are part of it. */
  readonly keepUnits?: boolean;
}

export function normalise(text: string, { keepUnits = false }: NormaliseOptions = {}): string {
  let plain = text
    .replace(/\n\s*/g, '')
    .trim()
    .replace(/^:/, '')
    .replace(/[./]+$/, '')
    .trim();
  // Vectors in a box keep their commas; thousands lose them.
  const isList = /^[([{]/.test(plain) || /^\\left/.test(plain);
  for (const [from, to] of replacements) {
    if (isList && from.source.includes('?=\\d{3}')) continue;
    plain = plain.replace(from, to);
  }
  plain = withoutText(plain);
  if (!keepUnits) plain = withoutUnit(plain);
  plain = plain
    .replace(/^(?:[a-zA-Z]{1,2}|\\[a-z]+)\s*(?:=|\\in(?![a-z])|\\to(?![a-z]))\s*(?=.)/, (found) =>
      plain.split('=').length <= 2 ? '' : found,
    )
    .replace(/(\d)\.0+(?!\d)/g, '$1')
    .replace(/(\d\.\d*?[1-9])0+(?!\d)/g, '$1')
    .replace(/(?<![\d])\.(?=\d)/g, '0.')
    .replace(/\\sqrt\s*(\w)/g, '\\sqrt{$1}')
    .replace(/\s+/g, ' ')
    .trim();
  return asFraction(bracedFractions(plain));
}

/** `\text{...}`: at the end a unit, unless it is all there is; elsewhere what it says. */
function withoutText(text: string): string {
  const cut = text.replace(/\\text\s*\{[^{}]*\}(?:\^\{?\d\}?)?\s*$/, '').trim();
  return (cut === '' ? text : cut).replace(/\\text\s*\{([^{}]*)\}/g, '$1').trim();
}

/** Words after a number, or before one as `Rs. 5`: never a single letter, which may be a variable. */
function withoutUnit(text: string): string {
  const [, number] =
    /^(-?[\d.,/]+|-?\\frac\{-?\d+\}\{\d+\})\s*(?:[a-zA-Z]{2,}\.?(?:[\s^\d]+[a-zA-Z]*)*)$/.exec(text) ?? [];
  return number ?? text;
}

/** `\frac12`, `\frac1{72}` and `\frac{1}2` with both braces. */
function bracedFractions(text: string): string {
  return text
    .replace(/\\frac\s*([\da-z])\s*([\da-z])/g, '\\frac{$1}{$2}')
    .replace(/\\frac\s*([\da-z])\s*\{/g, '\\frac{$1}{')
    .replace(/(\\frac\{[^{}]*\})\s*([\da-z])/g, '$1{$2}');
}

/** `3/4` alone. */
function asFraction(text: string): string {
  return text.replace(/^(-?)\s*(\d+)\s*\/\s*(\d+)$/, '$1\\frac{$2}{$3}');
}

/** Pieces of `text` between the `separator`s that stand in no bracket; the two signs of a matrix's line break count as one. */
export function splitTop(text: string, separator: ',' | '&' | '\\\\'): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] ?? '';
    if ('([{'.includes(letter)) depth++;
    else if (')]}'.includes(letter)) depth--;
    else if (depth <= 0 && text.startsWith(separator, i)) {
      pieces.push(text.slice(start, i));
      start = i + separator.length;
      i = start - 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces.map((piece) => piece.trim());
}
