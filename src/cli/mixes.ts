/** The mixes that the chat in a terminal and the server begin with. */

import { join } from 'node:path';
import type { Catalog, CatalogMix } from '../models/catalog.ts';
import { type MixPlaces, modelPlaceIn, readyExperts, readyRules } from '../models/ready-mix.ts';
import { tinyExperts, tinyRules } from '../models/tiny.ts';
import type { MixSetting } from '../protocol/engine.ts';

/** The experts that come with Chorus: code and maths, with the general one to switch on. */
export function pocketMix(models: string): MixSetting {
  const experts = pocketNames.map((name) => pocket(models, name, name !== 'general'));
  return { experts, pool: { kind: 'linear' }, weighting: 'adaptive' };
}

/** Tiny, with the pocket experts to switch on. */
export function tinyMix({ models, cache }: MixPlaces): MixSetting {
  const rows = tinyExperts({ models, cache }).map((known) => ({
    ...known,
    precision: 'auto' as const,
    active: true,
    weight: 1,
  }));
  const others = pocketNames.map((name) => pocket(models, name, false));
  return { experts: [...rows, ...others], ...tinyRules };
}

/** A mix of the catalogue, with the pocket experts to switch on. */
export function catalogMix(catalog: Catalog, mix: CatalogMix, places: MixPlaces): MixSetting {
  const rows = readyExperts(mix).map(({ model, id, weight }) => ({
    id,
    ...modelPlaceIn(catalog, model, places),
    precision: 'auto' as const,
    active: true,
    weight,
  }));
  const others = pocketNames
    .map((name) => pocket(places.models, name, false))
    .filter(({ id }) => rows.every((row) => row.id !== id));
  return { experts: [...rows, ...others], ...readyRules(mix) };
}

const pocketNames = ['code', 'math', 'general'] as const;

function pocket(models: string, name: string, active: boolean) {
  const folder = join(models, 'pocket', name);
  return { id: `pocket/${name}`, folder, precision: 'auto' as const, active, weight: 1 };
}
