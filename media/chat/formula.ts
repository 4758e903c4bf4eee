/** One formula as HTML by KaTeX, bounded in every direction: a model may write anything. */

import katex from 'katex';
import { escapeHtml } from './escape.ts';

/** In characters of TeX, about half a page of mathematics: to set it takes some 20 ms. */
export const MAX_FORMULA = 1000;

/** Groups inside groups; deeper ones take KaTeX long, and nobody could read them. */
export const MAX_DEPTH = 30;

/** Formulas that are kept as they were set: the last block of a stream is rendered again with every piece. */
const KEPT = 500;

const kept = new Map<string, string>();

/** Definitions let a short formula grow without bound before it is set. */
const DEFINES = /\\(?:[egx]?def|(?:re)?newcommand|providecommand|let|futurelet|global|long)(?![a-zA-Z])/;

/** `source` is what stood in the text; it is shown as code where the formula is too long to set. */
export function formulaHtml(tex: string, source: string, display: boolean): string {
  if (tex.length > MAX_FORMULA || DEFINES.test(tex) || depthOf(tex) > MAX_DEPTH) return formulaSource(source);
  const key = `${display ? 'display' : 'inline'} ${tex}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const html = setFormula(tex, source, display);
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, html);
  return html;
}

function setFormula(tex: string, source: string, display: boolean): string {
  try {
    return katex.renderToString(tex, {
      displayMode: display,
      // An unknown command is shown by its name, in this colour, and the rest is set.
      throwOnError: false,
      errorColor: 'var(--vscode-errorForeground)',
      // No \href, \includegraphics or \html...: those could load or open something.
      trust: false,
      strict: 'ignore',
      maxExpand: 500,
      // In em: nothing the size of the page.
      maxSize: 20,
    });
  } catch {
    // Deep nesting ends in a RangeError.
    return formulaSource(source);
  }
}

function depthOf(tex: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of tex) {
    if (character === '{') depth++;
    else if (character === '}') depth--;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** A formula that is not set. */
export function formulaSource(source: string): string {
  return `<code class="tex">${escapeHtml(source)}</code>`;
}
