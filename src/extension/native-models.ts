/** The mixes as models for the editor's own picker: the one in force, the saved and the ready ones, each expert alone. Knows no editor. */

import { t } from '@vscode/l10n';
import { weightOn } from '../models/surface-weight.ts';
import type { RequestMix } from '../protocol/engine.ts';
import { rulesOf, shortName } from './experts.ts';
import { readyMixes } from './ready-mixes.ts';
import { savedMixes } from './saved-mixes.ts';
import type { SettingValues } from './setting-rules.ts';

export interface NativeModel {
  readonly id: string;
  readonly name: string;
  readonly detail: string;
  /** The experts that answer. */
  readonly experts: readonly string[];
  /** Undefined for the mix in force. */
  readonly mix: RequestMix | undefined;
}

/** `known` are the ids of all experts. Ready mixes that come to the same are there once. */
export function nativeModels(values: SettingValues, known: readonly string[]): NativeModel[] {
  const names = (ids: readonly string[]): string => ids.map((id) => shortName(id, known)).join(' + ');
  const now = mixFrom(values, known);
  const ofMix = (id: string, name: string, mix: RequestMix): NativeModel => {
    const experts = Object.keys(mix.weights);
    return { id, name, detail: names(experts), experts, mix };
  };
  const models: NativeModel[] = [
    // The editor sorts by name and starts with the first, which this is in either language.
    { ...ofMix('present', t('Chorus (present mix)'), now), mix: undefined },
    ...[...savedMixes(values), ...readyMixes(known)].map(({ id, label, sets }) =>
      ofMix(`mix/${id}`, t('Chorus: {0}', label), mixFrom({ ...values, ...sets }, known)),
    ),
    ...known.map((id) =>
      ofMix(`expert/${id}`, t('Chorus: {0} alone', id), {
        weights: { [id]: 1 },
        pool: { kind: 'linear' },
        weighting: 'fixed',
      }),
    ),
  ];
  const seen = new Set<string>();
  return models.filter(({ mix, experts, id }) => {
    const key = JSON.stringify(mix ?? now);
    const isNew = !seen.has(key) && (experts.length > 0 || id === 'present');
    seen.add(key);
    return isNew;
  });
}

function mixFrom(values: SettingValues, known: readonly string[]): RequestMix {
  const { pool, weighting, surfaces } = rulesOf(values);
  const own = new Map(Object.entries(values['experts.weights']));
  const weights = values['experts.active']
    .filter((id) => known.includes(id))
    .map((id) => [id, weightOn({ surfaces }, 'chat', { id, weight: own.get(id) ?? 1 })] as const)
    .filter(([, weight]) => weight > 0);
  return { weights: Object.fromEntries(weights), pool, weighting: surfaces?.chat?.weighting ?? weighting };
}
