/** What the server offers as models: the mix it begins with, the mixes that are ready to use, and each expert alone. */

import { weightOn } from '../models/surface-weight.ts';
import type { ExpertSetting, MixSetting, RequestMix, Surface } from '../protocol/engine.ts';
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

export interface Served {
  /** What the engine is configured with: the mix the server begins with, and all other experts, which load when they are asked. */
  readonly mix: MixSetting;
  readonly models: readonly [ServedModel, ...ServedModel[]];
}

/** Ids stay the same from start to start: `chorus`, `mix/pocket`, `mix/tiny` where its base is there, and each expert's own. */
export function servedModels(begin: MixSetting, { models, cache, hasTiny }: ServedPlaces): Served {
  const ready = [
    { id: 'mix/pocket', mix: pocketMix(models) },
    ...(hasTiny ? [{ id: 'mix/tiny', mix: tinyMix({ models, cache }) }] : []),
  ];
  const experts = new Map<string, ExpertSetting>(begin.experts.map((expert) => [expert.id, expert]));
  for (const expert of ready.flatMap(({ mix }) => mix.experts))
    if (!experts.has(expert.id)) experts.set(expert.id, { ...expert, active: false });
  const voices = [...experts.values()].filter(({ role }) => role !== 'veto');
  return {
    mix: { ...begin, experts: [...experts.values()] },
    models: [
      { id: DEFAULT },
      ...ready.map(({ id, mix }) => ({ id, mixes: onBoth((surface) => requestMix(mix, surface)) })),
      ...voices.map(({ id }) => ({ id, mixes: onBoth(() => alone(id)) })),
    ],
  };
}

function onBoth(mixOn: (surface: Surface) => RequestMix): Record<Surface, RequestMix> {
  return { completion: mixOn('completion'), chat: mixOn('chat') };
}

function requestMix(mix: MixSetting, surface: Surface): RequestMix {
  const active = mix.experts.filter((expert) => expert.active);
  return {
    weights: Object.fromEntries(active.map((expert) => [expert.id, weightOn(mix, surface, expert)])),
    pool: mix.pool,
    weighting: mix.surfaces?.[surface]?.weighting ?? mix.weighting,
  };
}

function alone(id: string): RequestMix {
  return { weights: { [id]: 1 }, pool: { kind: 'linear' }, weighting: 'fixed' };
}
