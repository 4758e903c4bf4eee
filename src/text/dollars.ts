/** Formulas between dollars, as most readers of Markdown want them; code stays as it is. */

import { formulaAt } from './math.ts';
import { proseIn } from './prose.ts';

/** `\( \)`, `\[ \]` and a bare `\boxed{}` become `$ $` and `$$ $$`. */
export function withDollars(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const { from: start, to } of proseIn(text).spans) {
    for (let at = start; at < to; ) {
      const character = text.charAt(at);
      const formula = character === '\\' || character === '$' ? formulaAt(text, at) : undefined;
      if (formula !== undefined && formula.end <= to) {
        const dollars = formula.display ? '$$' : '$';
        parts.push(text.slice(from, at), dollars, formula.tex, dollars);
        at = formula.end;
        from = at;
      } else at += character === '\\' ? 2 : 1;
    }
  }
  return parts.join('') + text.slice(from);
}
