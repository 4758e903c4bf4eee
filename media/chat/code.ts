/** Code in colour, by a fixed handful of grammars; what none of them knows stays plain. */

import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import { escapeHtml } from './escape.ts';

const grammars = { bash, cpp, css, go, java, javascript, json, python, rust, sql, typescript, xml };
for (const [name, grammar] of Object.entries(grammars)) hljs.registerLanguage(name, grammar);

/** In characters; longer code is shown without colour, so that one answer never holds up the page. */
const MAX_COLOURED = 20_000;

/** A code block with its language and its two buttons; `language` is the word after the fence, possibly empty. */
export function codeHtml(code: string, language: string): string {
  const label = language === '' ? 'text' : language;
  return `<div class="code"><div class="code-head"><span class="language">${escapeHtml(label)}</span>
<button type="button" class="quiet copy" aria-label="Copy this code">Copy</button>
<button type="button" class="quiet insert" aria-label="Insert this code at the cursor">Insert at cursor</button></div>
<pre tabindex="0" aria-label="Code"><code>${coloured(code, language)}</code></pre></div>`;
}

function coloured(code: string, language: string): string {
  if (code.length > MAX_COLOURED || hljs.getLanguage(language) === undefined) return escapeHtml(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
