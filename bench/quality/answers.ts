/** The number an answer ends with: what is compared with the true one. */

const BOX = '\\boxed{';

/** The value of the last `\boxed{...}` as a number; undefined where there is none, or it is not a number. */
export function boxedNumber(text: string): number | undefined {
  const inside = lastBox(text);
  return inside === undefined ? undefined : numberIn(inside);
}

/** The boxed number where there is a box, else the last number that stands in the text. */
export function finalNumber(text: string): number | undefined {
  if (text.includes(BOX)) return boxedNumber(text);
  const last = [...text.matchAll(/(?<![\d.\w])-?\$?\d[\d,]*(?:\.\d+)?/g)].at(-1)?.[0];
  return last === undefined ? undefined : numberIn(last);
}

/** What stands between the braces of the last box, nested braces and all; undefined where it has no end. */
export function lastBox(text: string): string | undefined {
  const start = text.lastIndexOf(BOX);
  if (start === -1) return undefined;
  let depth = 1;
  for (let i = start + BOX.length; i < text.length; i++) {
    // Braces that are written, as of a set, close no group.
    if (text[i] === '\\') i++;
    else if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
    if (depth === 0) return text.slice(start + BOX.length, i);
  }
  return undefined;
}

/** `-1,234.5`, `$12`, `3/4`, `\frac{3}{4}`, `x = 7`, `70\%` and `12 \text{ miles}`; undefined for anything else. */
export function numberIn(tex: string): number | undefined {
  const plain = tex
    .replace(/\\(?:d|t)?frac\{([^{}]*)\}\{([^{}]*)\}/g, '$1/$2')
    .replace(/\\(?:text|mathrm)\{[^{}]*\}|\\[,;! ]|\\?[$%]/g, '')
    .replace(/^\s*[a-z]\s*=/, '')
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .replace(/\s*[a-z]+\s*$/i, '')
    .replaceAll('−', '-')
    .replace(/\s+/g, '')
    .replace(/[.,]$/, '');
  const match = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:\/([+-]?\d+(?:\.\d+)?))?$/.exec(plain);
  if (match === null) return undefined;
  const value = Number(match[1]) / Number(match[2] ?? 1);
  return Number.isFinite(value) ? value : undefined;
}

/** Whether both are numbers and equal but for rounding. */
export function sameNumber(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
}
