/** Why a suggestion is not even thought of, before any text is read. */

import type { CompletionQuery } from './completion-query.ts';
import type { SettingValues } from './setting-rules.ts';
import type { SkipReason } from './trace.ts';

export interface RefusalPorts {
  settings(): SettingValues;
  isSnoozed(): boolean;
  /** Asked only where it counts. */
  isOnBattery(): boolean;
  isSecretFile(path: string): boolean;
}

/** Undefined where nothing stands against it. Who asks by command gets one unless there is nobody to answer or a secret to keep. */
export function refusal(
  { path, languageId, explicit }: Pick<CompletionQuery, 'path' | 'languageId' | 'explicit'>,
  { settings, isSnoozed, isOnBattery, isSecretFile }: RefusalPorts,
): SkipReason | undefined {
  const values = settings();
  if (!explicit) {
    if (!values['completion.enabled']) return 'disabled';
    if (values['completion.languages'][languageId] === false) return 'language-disabled';
    if (isSnoozed()) return 'snoozed';
    if (values['completion.onBattery'] === 'off' && isOnBattery()) return 'on-battery';
  }
  if (values['experts.active'].length === 0) return 'no-expert';
  return isSecretFile(path) ? 'secret-file' : undefined;
}
