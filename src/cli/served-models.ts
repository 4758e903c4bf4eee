/** What the server offers as models: the mix it begins with, each expert alone, and the mixes that are ready to use. */

import { weightOn } from '../models/surface-weight.ts';
import type { ExpertSetting, MixRules, MixSetting, Surface } from '../protocol/engine.ts';
import type { ServedModel } from '../serve/served-model.ts';
import { pocketMix, tinyMix } from './mixes.ts';

/** Where no model is named, and for clients that want one: the mix the server begins with. */
const DEFAULT = 'chorus';

export interface ServedPlaces {
  /** The folder of the embedded models. */
  readonly models: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  /** Whether Tiny's base was fetched. */
  readonly hasTiny: boolean;
}

/**
 * Ids stay the same from start to start: `chorus`, `mix/pocket`, `mix/tiny` where its base is there, and each expert's own. The
 * experts of `begin` stay loaded whichever of them is asked, so that going from one to the other opens nothing anew.
 */
export function servedModels(
  begin: MixSetting,
  { models, cache, hasTiny }: ServedPlaces,
): readonly [ServedModel, ...ServedModel[]] {
  const ready = [
    { id: 'mix/pocket', mix: pocketMix(models) },
    ...(hasTiny ? [{ id: 'mix/tiny', mix: tinyMix({ models, cache }) }] : []),
  ];
  const experts = new Map<string, ExpertSetting>();
  for (const { experts: some } of [begin, ...ready.map(({ mix }) => mix)]) {
    for (const expert of some) if (!experts.has(expert.id)) experts.set(expert.id, expert);
  }
  const stay = new Set(activeIds(begin));
  const weighed = (mix: MixSetting): MixSetting => {
    const mine = new Set(activeIds(mix));
    const weightsOn = (surface: Surface): Record<string, number> =>
      Object.fromEntries(
        [...experts.values()].map((expert) => [
          expert.id,
          mine.has(expert.id) ? weightIn(mix, surface, expert) : 0,
        ]),
      );
    return {
      ...mix,
      experts: [...experts.values()].map((expert) => ({
        ...expert,
        active: stay.has(expert.id) || mine.has(expert.id),
      })),
      surfaces: {
        completion: { ...mix.surfaces?.completion, weights: weightsOn('completion') },
        chat: { ...mix.surfaces?.chat, weights: weightsOn('chat') },
      },
    };
  };
  const alone: MixRules = { pool: { kind: 'linear' }, weighting: 'fixed' };
  return [
    { id: DEFAULT, mix: weighed(begin) },
    ...ready.map(({ id, mix }) => ({ id, mix: weighed(mix) })),
    ...[...experts.values()]
      .filter(({ role }) => role !== 'veto')
      .map((expert) => ({
        id: expert.id,
        mix: weighed({ experts: [{ ...expert, active: true, weight: 1 }], ...alone }),
      })),
  ];
}

function activeIds({ experts }: MixSetting): readonly string[] {
  return experts.flatMap(({ id, active }) => (active ? [id] : []));
}

/** As `mix` itself has it, which may be another weight than another mix's. */
function weightIn(mix: MixSetting, surface: Surface, { id }: ExpertSetting): number {
  const own = mix.experts.find((expert) => expert.id === id);
  return own === undefined ? 0 : weightOn(mix, surface, own);
}
