/** From an advice to settings, and from settings to what an advice may use. */

import type { AdviceRow } from '../protocol/advice.ts';
import type { MixSetting } from '../protocol/engine.ts';
import type { SettingValues } from './setting-rules.ts';

/** The settings that put the advised mix in force; weights of other experts stay. */
export function settingsOf({ members }: AdviceRow, values: SettingValues): Partial<SettingValues> {
  const weights = Object.fromEntries(
    members.map(({ id, weight }) => [id, Math.max(0.01, Math.round(weight * 100) / 100)]),
  );
  return {
    'experts.active': members.map(({ id }) => id),
    'experts.weights': { ...values['experts.weights'], ...weights },
    'mix.pool': 'linear',
    'mix.weighting': 'fixed',
    'completion.weights': {},
    'completion.weighting': 'same',
    'chat.weights': {},
    'chat.weighting': 'same',
  };
}

/** Whether the mix in force is the advised one, to the hundredth part. */
export function isInForce({ members }: AdviceRow, mix: MixSetting): boolean {
  if (mix.surfaces !== undefined) return false;
  const active = mix.experts.filter(({ active, weight }) => active && weight > 0);
  const sum = active.reduce((total, { weight }) => total + weight, 0);
  const same = members.every(({ id, weight }) => {
    const now = active.find((expert) => expert.id === id);
    return now !== undefined && Math.abs(now.weight / sum - weight) < 0.01;
  });
  if (!same || active.length !== members.length) return false;
  return members.length === 1 || (mix.pool.kind === 'linear' && mix.weighting === 'fixed');
}

const MOST_BYTES = 16e9;

/**
 * How much the experts of a mix may take together, in bytes.
 * @param megabytes the setting; 0 for half of the machine's memory, at most 16 GB
 */
export function memoryLimit(megabytes: number, machineBytes: number): number {
  return megabytes > 0 ? megabytes * 1e6 : Math.min(MOST_BYTES, machineBytes / 2);
}
