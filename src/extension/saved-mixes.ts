/** Mixes that the user saved under names: the settings that a mix is made of, as they were. Without the editor. */

import { t } from '@vscode/l10n';
import type { ReadyMix } from './ready-mixes.ts';
import { mixSettingNames, type SavedMix, type SettingValues } from './setting-rules.ts';

/** All that makes the mix in force what it is. */
export function mixInForce(values: SettingValues): SavedMix {
  return Object.fromEntries(mixSettingNames.map((name) => [name, values[name]]));
}

export function withMix(values: SettingValues, name: string, mix: SavedMix): Partial<SettingValues> {
  return { 'mix.saved': { ...values['mix.saved'], [name]: mix } };
}

export function withoutMix(values: SettingValues, name: string): Partial<SettingValues> {
  const { [name]: _, ...others } = values['mix.saved'];
  return { 'mix.saved': others };
}

/** In the order in which they were saved. */
export function savedMixes(values: SettingValues): ReadyMix[] {
  return Object.entries(values['mix.saved']).map(([label, sets]) => ({
    id: `saved/${label}`,
    label,
    detail: sets['experts.active']?.join(', ') ?? '',
    sets,
  }));
}

/** `Two of us copy`, `Two of us copy 2`: a name that none of `taken` is. */
export function freeName(name: string, taken: readonly string[]): string {
  for (let i = 1; ; i++) {
    const free = i === 1 ? t('{0} copy', name) : t('{0} copy {1}', name, i);
    if (!taken.includes(free)) return free;
  }
}
