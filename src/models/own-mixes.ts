/** The ready mixes of the catalogue that Chorus was built with: known at once, without a file that is read. */

import * as v from 'valibot';
import catalog from '../../models/catalog.json' with { type: 'json' };
import { type CatalogMix, readyMixSchema } from './catalog.ts';

export const ownMixes: readonly CatalogMix[] = v.parse(v.array(readyMixSchema), catalog.mixes);

export function ownMix(id: 'pocket' | 'tiny'): CatalogMix {
  const mix = ownMixes.find((one) => one.id === id);
  if (mix === undefined) throw new Error(`The catalogue has no mix ${id}.`);
  return mix;
}
