/** The language that the editor shows. English until `speak` is called, as in tests. */

import * as l10n from '@vscode/l10n';

/** As in l10n/bundle.l10n.ja.json. */
export type Words = Readonly<Record<string, string>>;

let spoken: { readonly tag: string; readonly words: Words } | undefined;

/** `words` are the editor's for its language `tag`; undefined where there are none, and all stays English. */
export function speak(tag: string, words: Words | undefined): void {
  spoken = words === undefined ? undefined : { tag, words };
  l10n.config({ contents: words ?? {} });
}

/** Its tag, as HTML has it, and its words, where they are not English. */
export function language(): { readonly tag: string; readonly words: Words | undefined } {
  return spoken ?? { tag: 'en', words: undefined };
}

/** What the catalogue says of a model or a mix, which is English, or a text that it does not have, as it is. */
export function summaryText(english: string): string {
  const words = spoken?.words ?? {};
  return (Object.hasOwn(words, english) ? words[english] : undefined) ?? english;
}

export function numberText(value: number): string {
  return value.toLocaleString(language().tag);
}

/** `134.5M`, `1.345億`. */
export function roundNumberText(value: number): string {
  const format = { notation: 'compact', maximumSignificantDigits: 4 } as const;
  return new Intl.NumberFormat(language().tag, format).format(value);
}

/** In English as the machine writes it: its users agree less about times than about words. */
export function timeText(ms: number, options?: Intl.DateTimeFormatOptions): string {
  return new Date(ms).toLocaleString(spoken?.tag, options);
}
