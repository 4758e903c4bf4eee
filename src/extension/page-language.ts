/** What a page is told about its language, and the words of its fixed frame. media/language.ts reads it. */

import { language } from './language.ts';

/** The attributes of the page's `html`. */
export function languageAttributes(): string {
  const { tag, words } = language();
  const lang = `lang="${escaped(tag)}"`;
  return words === undefined ? lang : `${lang} data-words="${escaped(JSON.stringify(words))}"`;
}

/** Plain text as HTML, in an attribute too. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
