/** Teaches markdown-it where formulas are; code spans and code blocks stay code because the parser sees them first. */

import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it';
import { formulaAt } from '../../src/text/math.ts';
import { formulaHtml, formulaSource } from './formula.ts';

/** That are set in one rendering; to lay out more holds up the page. */
const MAX_FORMULAS = 100;

export function addFormulas(markdown: MarkdownIt): void {
  const counts = new WeakMap<object, number>();
  // Before `escape`, which would turn `\(` into `(`.
  markdown.inline.ruler.before('escape', 'formula', inlineFormula);
  markdown.block.ruler.before('fence', 'formula', blockFormula, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  });
  markdown.renderer.rules.formula = (tokens, index, _options, env) => {
    const token = tokens[index];
    if (token === undefined) return '';
    // Of this rendering, which its environment stands for.
    const count = 1 + (counts.get(env ?? counts) ?? 0);
    counts.set(env ?? counts, count);
    if (count > MAX_FORMULAS) return formulaSource(token.info);
    return formulaHtml(token.content, token.info, token.markup === 'display');
  };
}

function inlineFormula(state: StateInline, silent: boolean): boolean {
  const { src, pos } = state;
  if (src[pos] !== '\\' && src[pos] !== '$') return false;
  const found = formulaAt(src, pos);
  if (found === undefined || found.end > state.posMax) {
    // A formula's delimiter without its partner, as in a stream: kept as it was written, not as an escaped bracket.
    if (!/^\\[()[\]]/.test(src.slice(pos, pos + 2))) return false;
    if (!silent) state.pending += src.slice(pos, pos + 2);
    state.pos += 2;
    return true;
  }
  if (!silent) pushFormula(state, found.tex, src.slice(pos, found.end), found.display);
  state.pos = found.end;
  return true;
}

/** A display formula that starts a line and ends one, so that its lines are not taken for lists or headings. */
function blockFormula(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false;
  const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
  const closer = { $$: '$$', '\\[': '\\]' }[state.src.slice(start, start + 2)];
  if (closer === undefined) return false;
  for (let line = startLine; line < endLine; line++) {
    if (!state.isEmpty(line) && (state.sCount[line] ?? 0) < state.blkIndent) return false;
    if (!state.src.slice(state.bMarks[line], state.eMarks[line]).trimEnd().endsWith(closer)) continue;
    const source = state.getLines(startLine, line + 1, state.blkIndent, false).trim();
    const found = formulaAt(source, 0);
    if (found === undefined) continue;
    if (found.end !== source.length) return false;
    if (silent) return true;
    pushFormula(state, found.tex, source, true).map = [startLine, line + 1];
    state.line = line + 1;
    return true;
  }
  return false;
}

function pushFormula(state: StateBlock | StateInline, tex: string, source: string, display: boolean) {
  const token = state.push('formula', '', 0);
  token.content = tex;
  token.info = source;
  token.markup = display ? 'display' : 'inline';
  return token;
}
