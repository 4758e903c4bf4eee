/** The mixes that the chat in a terminal begins with. */

import { join } from 'node:path';
import { type TinyPlaces, tinyExperts, tinyRules } from '../models/tiny.ts';
import type { MixSetting } from '../protocol/engine.ts';

/** The experts that come with Chorus: code and maths, with the general one to switch on. */
export function pocketMix(models: string): MixSetting {
  const experts = ['code', 'math', 'general'].map((name) =>
    pocket(models, { name, id: name, active: name !== 'general' }),
  );
  return { experts, pool: { kind: 'linear' }, weighting: 'adaptive' };
}

/** Tiny, with the pocket experts to switch on. */
export function tinyMix({ models, cache }: TinyPlaces): MixSetting {
  const rows = tinyExperts({ models, cache }).map((known) => ({
    ...known,
    precision: 'auto' as const,
    active: true,
    weight: 1,
  }));
  const others = ['code', 'math', 'general'].map((name) =>
    pocket(models, { name, id: `pocket/${name}`, active: false }),
  );
  return { experts: [...rows, ...others], ...tinyRules };
}

function pocket(
  models: string,
  { name, id, active }: { readonly name: string; readonly id: string; readonly active: boolean },
) {
  return { id, folder: join(models, 'pocket', name), precision: 'auto' as const, active, weight: 1 };
}
