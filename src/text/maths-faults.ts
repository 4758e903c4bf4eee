/** What is wrong with the formulas of a whole answer, and what it puts into its last box. */

import { formulaAt } from './math.ts';

const openers = ['\\(', '\\[', '$$', '\\boxed{'];
const closers = ['\\)', '\\]'];

/** How many delimiters open a formula that has no end, or close one that was not open. A single `$` may be a price. */
export function mathsFaults(text: string): number {
  let faults = 0;
  for (let i = 0; i < text.length; ) {
    const formula = formulaAt(text, i);
    if (formula !== undefined) {
      i = formula.end;
      continue;
    }
    const stray = [...openers, ...closers].find((delimiter) => text.startsWith(delimiter, i));
    if (stray !== undefined) faults++;
    i += stray?.length ?? 1;
  }
  return faults;
}

/** What stands in the last `\boxed{...}` without blanks; undefined where there is none that ends. */
export function boxedAnswer(text: string): string | undefined {
  const start = text.lastIndexOf('\\boxed{');
  if (start === -1) return undefined;
  let depth = 0;
  for (let i = start + 6; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return text.slice(start + 7, i).replace(/\s/g, '');
  }
  return undefined;
}
