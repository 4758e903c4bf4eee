/**
 * An answer's Markdown as safe HTML, block by block. Pure: text in, HTML text out. No HTML of the answer's own, no
 * images, no addresses but http and https ones, and those not as links the browser could follow.
 */

import MarkdownIt, { type Token } from 'markdown-it';
import { codeHtml } from './code.ts';
import { escapeHtml } from './escape.ts';
import { addFormulas } from './formula-rules.ts';

/** One top-level block: a paragraph, a list, a code block, a formula. */
export interface Block {
  readonly source: string;
  readonly html: string;
}

/**
 * The blocks of `text`. Those whose source is unchanged since `previous` keep their HTML, so that a stream sets
 * formulas and colours code only in its last block.
 */
export function renderBlocks(text: string, previous: readonly Block[] = []): Block[] {
  const normal = text.replace(/\r\n?/g, '\n');
  const lines = normal.split('\n');
  return topLevel(markdown.parse(normal, {})).map((tokens, index) => {
    const [first, last] = tokens[0]?.map ?? [0, lines.length];
    const source = lines.slice(first, last).join('\n');
    const before = previous[index];
    if (before?.source === source) return before;
    return { source, html: tokens.length > MAX_TOKENS ? asWritten(source) : htmlOf(tokens) };
  });
}

/** Of one block. A block of more, a table of five hundred cells for instance, would hold up the page each time that it grows. */
const MAX_TOKENS = 1500;

function htmlOf(tokens: Token[]): string {
  return markdown.renderer.render(tokens, markdown.options, {});
}

function asWritten(source: string): string {
  return `<pre class="as-written">${escapeHtml(source)}</pre>`;
}

const markdown = new MarkdownIt({
  html: false,
  linkify: false,
  typographer: false,
  breaks: true,
  maxNesting: 20,
});
// Definitions could change blocks far above them.
markdown.disable('reference');
markdown.validateLink = (url) => /^https?:\/\/[^\s]+$/i.test(url.trim());
addFormulas(markdown);

const { rules } = markdown.renderer;
rules.fence = (tokens, index) => {
  const { content, info } = at(tokens, index);
  return codeHtml(content, info.trim().split(/\s+/)[0]?.toLowerCase() ?? '');
};
rules.code_block = (tokens, index) => codeHtml(at(tokens, index).content, '');
// The page hands `data-url` to the editor; an href would make the browser an actor.
rules.link_open = (tokens, index) => {
  const url = escapeHtml(String(at(tokens, index).attrGet('href') ?? ''));
  return `<a class="link" role="link" tabindex="0" data-url="${url}" title="${url}">`;
};
rules.image = (tokens, index) => {
  const { content, attrs } = at(tokens, index);
  const source = new Map(attrs ?? []).get('src') ?? '';
  return escapeHtml(`![${content}](${source})`);
};

function topLevel(tokens: readonly Token[]): Token[][] {
  const blocks: Token[][] = [];
  for (const token of tokens) {
    if (token.level === 0 && token.nesting !== -1) blocks.push([token]);
    else blocks.at(-1)?.push(token);
  }
  return blocks;
}

function at(tokens: readonly Token[], index: number): Token {
  const token = tokens[index];
  if (token === undefined) throw new RangeError(`No token ${index} of ${tokens.length}.`);
  return token;
}
