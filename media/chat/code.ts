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
import { words } from './words.ts';

const grammars = { bash, cpp, css, go, java, javascript, json, python, rust, sql, typescript, xml };
for (const [name, grammar] of Object.entries(grammars)) hljs.registerLanguage(name, grammar);

/** In characters, some hundred lines; longer code is shown without colour, so that no piece of a stream holds up the page. */
const MAX_COLOURED = 4000;

/** A code block with its language and what can be done with it; `language` is the word after the fence, possibly empty. */
export function codeHtml(code: string, language: string): string {
  const label = language === '' ? words.code.plain : language;
  const { copy, copyLabel, insert, insertLabel, propose, proposeLabel, create, createLabel } = words.code;
  const buttons = [
    buttonHtml('copy', copy, copyLabel),
    buttonHtml('insert', insert, insertLabel),
    buttonHtml('propose', propose, proposeLabel),
    buttonHtml('create', create, createLabel),
  ];
  return `<div class="code"><div class="code-head"><span class="language">${escapeHtml(label)}</span>
${buttons.join('\n')}</div>
<pre tabindex="0" role="region" aria-label="${words.code.label}"><code data-language="${escapeHtml(language)}">${coloured(code, language)}</code></pre></div>`;
}

function buttonHtml(name: string, text: string, label: string): string {
  return `<button type="button" class="quiet ${name}" aria-label="${label}" title="${label}">${text}</button>`;
}

function coloured(code: string, language: string): string {
  if (code.length > MAX_COLOURED || hljs.getLanguage(language) === undefined) return escapeHtml(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}
