/**
 * The language of the page, which the extension wrote into it (src/extension/page-language.ts): whoever imports this file may call
 * `t` at once. English where there is no page, as in tests.
 */

import * as l10n from '@vscode/l10n';

const page = globalThis.document?.documentElement;
const words = page?.dataset.words;
if (words !== undefined) l10n.config({ contents: words });

export const { t } = l10n;

export function numberText(value: number): string {
  return value.toLocaleString(page?.lang || 'en');
}
