import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { chatPage } from '../../src/extension/chat-page.ts';
import { speak } from '../../src/extension/language.ts';
import { mixPage } from '../../src/extension/mix-page.ts';
import { statisticsPage } from '../../src/extension/statistics-page.ts';

const given = { script: 's.js', style: 's.css', source: 'https://own.example', nonce: 'once' };
const japanese = JSON.parse(readFileSync(new URL('../../l10n/bundle.l10n.ja.json', import.meta.url), 'utf8'));
const pages = [
  ['chat', chatPage, '>送信<'],
  ['mix', mixPage, '>試す<'],
  ['statistics', statisticsPage, '>統計<'],
] as const;

afterEach(() => speak('en', undefined));

describe.each(pages)('the %s page', (_, page, word) => {
  test('is English, and is given no words, where the editor is', () => {
    expect(page(given)).toContain('<html lang="en">');
    expect(page(given)).not.toContain(word);
  });

  test('is Japanese where the editor is, and has the words for its script', () => {
    speak('ja', japanese);
    const html = page(given);
    expect(html).toContain(word);
    const words = /<html lang="ja" data-words="([^"]*)">/.exec(html)?.[1] ?? '';
    expect(
      JSON.parse(words.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&')),
    ).toEqual(japanese);
    // Of the fixed frame, nothing was left in English: every word between tags and in labels has Japanese in it.
    const said = [...html.matchAll(/>([^<>\n]+)<|aria-label="([^"]+)"/g)].map(
      ([, text, label]) => text ?? label,
    );
    expect(said.length).toBeGreaterThan(5);
    for (const text of said) expect(text).toMatch(/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u);
  });

  test('lets no words out of their attribute', () => {
    speak('ja', { ...japanese, Stop: '"><script>' });
    expect(page(given).match(/<script/g)).toHaveLength(1);
  });
});
