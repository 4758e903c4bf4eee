/** One formula as HTML by KaTeX, bounded in every direction: a model may write anything. */

import katex from 'katex';
import { escapeHtml } from './escape.ts';

/** In characters of TeX; about a page of mathematics. */
export const MAX_FORMULA = 2000;

/** Definitions let a short formula grow without bound before it is set. */
const DEFINES = /\\(?:[egx]?def|(?:re)?newcommand|providecommand|let|futurelet|global|long)(?![a-zA-Z])/;

/** `source` is what stood in the text; it is shown as code where the formula is too long to set. */
export function formulaHtml(tex: string, source: string, display: boolean): string {
  if (tex.length > MAX_FORMULA || DEFINES.test(tex)) return asCode(source);
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
    return asCode(source);
  }
}

function asCode(source: string): string {
  return `<code class="tex">${escapeHtml(source)}</code>`;
}
