/** A mix spelled by flags, for the commands that can do without. */

import type { MixSetting } from '../protocol/engine.ts';
import { expertsOf, numberOf } from './flags.ts';
import { Misuse } from './misuse.ts';
import { parseMix } from './request.ts';

export const mixOptions = {
  expert: { type: 'string', multiple: true },
  veto: { type: 'string', multiple: true },
  pool: { type: 'string' },
  power: { type: 'string' },
  weighting: { type: 'string' },
  precision: { type: 'string' },
  device: { type: 'string' },
} as const;

type Values = { readonly [K in keyof typeof mixOptions]?: string | readonly string[] | undefined };

/** Undefined where the flags name no expert; throws a `ChorusError` where they are no mix. */
export function ownMix(values: Values, models: string): MixSetting | undefined {
  const { expert, veto, pool, power, weighting, precision, device } = values;
  const rules = { pool, power: numberOf(power), weighting, precision, device };
  if (expert === undefined) {
    const idle = Object.entries({ ...rules, veto }).find(([, value]) => value !== undefined)?.[0];
    if (idle === undefined) return undefined;
    throw new Misuse(
      `--${idle} needs the experts it is about: name them by --expert pocket/code --expert pocket/math.`,
    );
  }
  return parseMix(JSON.parse(JSON.stringify({ experts: expertsOf({ expert, veto }), ...rules })), models);
}
