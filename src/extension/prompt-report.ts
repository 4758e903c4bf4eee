/** What each expert reads for a completion, as a text for people. */

import { t } from '@vscode/l10n';
import type { ShownPart, ShownPrompt } from '../protocol/engine.ts';

/** A table of the parts of each expert's prompt, and the prompt itself. */
export function promptReport(prompts: readonly ShownPrompt[]): string {
  return prompts.map(reportOf).join('\n\n');
}

function reportOf({ expert, most, parts, opening }: ShownPrompt): string {
  const total = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  const rows = parts.map((part) => `${String(part.tokens).padStart(7)}  ${nameOf(part)}`);
  return [
    t('== {0}: {1} tokens, of {2} that a completion has for it', expert, total, most),
    '',
    ...rows,
    ...(opening === ''
      ? []
      : ['', t('Taken off the end, for the answer to begin with: {0}', JSON.stringify(opening))]),
    '',
    t('-- The prompt'),
    parts.map(({ text }) => text).join(''),
  ].join('\n');
}

function nameOf({ kind, file, text }: ShownPart): string {
  switch (kind) {
    case 'marker':
      return t('mark {0}', text);
    case 'repository':
      return t('name of the repository');
    case 'chunk':
      return t('from {0}', file ?? '');
    case 'prefix':
      return t('this file, before the cursor');
    case 'suffix':
      return t('this file, after the cursor');
    default:
      return kind satisfies never;
  }
}
