/** Why a suggestion is not even thought of, whatever the text around the cursor is. */

import type { CompletionQuery } from './completion-query.ts';
import type { SettingValues } from './setting-rules.ts';
import type { Decision } from './trace.ts';

export function refusal(
  { explicit, languageId }: CompletionQuery,
  values: SettingValues,
): (Decision & { kind: 'skipped' }) | undefined {
  const because = values['experts.active'].length === 0 ? 'no-expert' : undefined;
  if (explicit) return because && { kind: 'skipped', because };
  if (!values['completion.enabled']) return { kind: 'skipped', because: 'disabled' };
  if (values['completion.languages'][languageId] === false)
    return { kind: 'skipped', because: 'language-disabled' };
  return because && { kind: 'skipped', because };
}
