/** A ready mix of the catalogue as what an engine is asked for: who takes part under which id, where each lies, and the rules. */

import { join } from 'node:path';
import type { MixRules, SurfaceRules } from '../protocol/engine.ts';
import type { Catalog, CatalogMix, CatalogModel, FetchedModel } from './catalog.ts';
import { modelsFolder, storedModel } from './stored-model.ts';

export interface MixPlaces {
  /** The folder of the embedded models. */
  readonly models: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
}

/** Who takes part on any surface. */
export interface ReadyExpert {
  /** In the catalogue. */
  readonly model: string;
  /** As an expert. */
  readonly id: string;
  /** In the chat, or in completions for one that has no say in the chat. */
  readonly weight: number;
}

/** Those of the chat first. */
export function readyExperts({ chat, completions }: CatalogMix): ReadyExpert[] {
  const experts = new Map<string, ReadyExpert>();
  for (const { model, as = model, weight } of [...chat.experts, ...completions.experts])
    if (!experts.has(as)) experts.set(as, { model, id: as, weight });
  return [...experts.values()];
}

/** The rules beside the weights; a surface says only what differs there. */
export function readyRules(mix: CatalogMix): MixRules {
  const { chat, completions } = mix;
  const experts = readyExperts(mix);
  const on = (surface: CatalogMix['chat']): SurfaceRules | undefined => {
    const other = experts.flatMap(({ id, weight }): [string, number][] => {
      const there = surface.experts.find(({ model, as = model }) => as === id)?.weight ?? 0;
      return there === weight ? [] : [[id, there]];
    });
    const weighting = surface.weighting === chat.weighting ? undefined : surface.weighting;
    if (other.length === 0 && weighting === undefined) return undefined;
    return {
      ...(other.length > 0 && { weights: Object.fromEntries(other) }),
      ...(weighting !== undefined && { weighting }),
    };
  };
  const [completion, chatting] = [on(completions), on(chat)];
  return {
    pool: { kind: chat.pool },
    weighting: chat.weighting,
    ...((completion ?? chatting) !== undefined && {
      surfaces: { ...(completion && { completion }), ...(chatting && { chat: chatting }) },
    }),
  };
}

/** Where a model of the catalogue lies, or will lie when it is fetched. */
export function modelPlaceIn(
  { models }: Catalog,
  id: string,
  places: MixPlaces,
): { readonly folder: string; readonly base?: string } {
  const model = models.find((one) => one.id === id);
  const folderOf = (one: CatalogModel | undefined, name: string): string =>
    one?.kind === 'embedded' ? join(places.models, name) : join(modelsFolder(places.cache), name);
  const base = model?.base;
  return {
    folder: folderOf(model, id),
    ...(base !== undefined && {
      base: folderOf(
        models.find((one) => one.id === base),
        base,
      ),
    }),
  };
}

/** What the mix needs from the network at all, bases of adapters included. */
export function fetchedOf({ models }: Catalog, mix: CatalogMix): FetchedModel[] {
  const ids = new Set(
    readyExperts(mix).flatMap(({ model }) => {
      const base = models.find(({ id }) => id === model)?.base;
      return base === undefined ? [model] : [base, model];
    }),
  );
  return models.filter((model) => model.kind === 'fetched').filter(({ id }) => ids.has(id));
}

/** Those of `wanted` that are not on this machine. */
export async function missingOf(wanted: readonly FetchedModel[], cache: string): Promise<FetchedModel[]> {
  const there = await Promise.all(wanted.map((model) => storedModel(modelsFolder(cache), model)));
  return wanted.filter((_, i) => there[i] === undefined);
}
