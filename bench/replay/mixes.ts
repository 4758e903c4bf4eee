/** Who answers in a replay: the pocket experts mixed as Chorus comes, and each alone. */

import { join } from 'node:path';
import type { MixSetting, Precision } from '../../src/protocol/engine.ts';

export interface NamedMix {
  readonly name: string;
  readonly experts: readonly string[];
}

/** The one that the settings come with, which the baseline is about. */
export const usualMix: NamedMix = { name: 'code + math', experts: ['code', 'math'] };

export const mixes: readonly NamedMix[] = [
  usualMix,
  { name: 'general + code + math', experts: ['general', 'code', 'math'] },
  { name: 'code alone', experts: ['code'] },
  { name: 'math alone', experts: ['math'] },
  { name: 'general alone', experts: ['general'] },
];

/** @param models the folder of the embedded models */
export function settingOf({ experts }: NamedMix, models: string, precision: Precision): MixSetting {
  return {
    experts: experts.map((id) => ({
      id,
      folder: join(models, 'pocket', id),
      precision,
      active: true,
      weight: 1,
    })),
    pool: { kind: 'linear' },
    weighting: 'adaptive',
  };
}
