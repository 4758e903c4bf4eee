/** Mixes to choose from in one step; each sets only what it names. */

import { tinyIds, tinyRules } from '../models/tiny.ts';
import type { SavedMix, SettingValues } from './setting-rules.ts';

export interface ReadyMix {
  readonly label: string;
  readonly detail: string;
  readonly sets: SavedMix;
}

const [general, code, math] = ['pocket/general', 'pocket/code', 'pocket/math'] as const;

const completing = tinyRules.surfaces?.completion;

/** The mix called Tiny as settings. */
export const tinySettings = {
  'experts.active': Object.values(tinyIds),
  'experts.weights': Object.fromEntries(Object.values(tinyIds).map((id) => [id, 1])),
  'mix.pool': 'linear',
  'mix.weighting': tinyRules.weighting,
  'completion.weights': completing?.weights ?? {},
  'completion.weighting': completing?.weighting ?? 'same',
  'chat.weights': {},
  'chat.weighting': 'same',
} as const satisfies Partial<SettingValues>;

/** What a mix that is the same everywhere sets besides. */
const everywhere = {
  'completion.weights': {},
  'completion.weighting': 'same',
  'chat.weights': {},
  'chat.weighting': 'same',
} as const satisfies Partial<SettingValues>;

const sameWeighting = {
  'completion.weighting': 'same',
  'chat.weighting': 'same',
} as const satisfies Partial<SettingValues>;

const tiny: ReadyMix = {
  label: 'Tiny: SmolLM2 with code and maths',
  detail:
    'Completions: the base and its code adapter. Chat: all three. Who foresees the text better counts more.',
  sets: tinySettings,
};

const others: readonly ReadyMix[] = [
  {
    label: 'Code + maths, even',
    detail: 'Both count the same at every token.',
    sets: {
      'experts.active': [code, math],
      'experts.weights': { [code]: 1, [math]: 1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
      ...everywhere,
    },
  },
  {
    label: 'Code + maths, adaptive',
    detail: 'The expert that foresees the prompt, and then the answer, better counts more.',
    sets: {
      'experts.active': [code, math],
      'experts.weights': { [code]: 1, [math]: 1 },
      'mix.pool': 'linear',
      'mix.weighting': 'adaptive',
      ...everywhere,
    },
  },
  {
    label: 'Code first (.9 / .1)',
    detail: 'The weights of the paper on mixing distributions, arXiv 2411.00406.',
    sets: {
      'experts.active': [code, math],
      'experts.weights': { [code]: 0.9, [math]: 0.1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
      ...everywhere,
    },
  },
  {
    label: 'All three, even',
    detail: 'The general expert and both of its specialists.',
    sets: {
      'experts.active': [general, code, math],
      'experts.weights': { [general]: 1, [code]: 1, [math]: 1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
      ...everywhere,
    },
  },
  {
    label: 'Veto (geometric)',
    detail: 'A token must be likely for every expert; keeps the experts and weights chosen now.',
    sets: { 'mix.pool': 'geometric', 'mix.weighting': 'fixed', ...sameWeighting },
  },
  {
    label: 'Weights by the prompt and the answer',
    detail:
      'Keeps the experts; the one that foresaw the prompt better counts more, until another foresees the answer better.',
    sets: { 'mix.weighting': 'adaptive', ...sameWeighting },
  },
  {
    label: 'Weights by the prompt',
    detail: 'Keeps the experts; the one that foresaw the prompt better counts more.',
    sets: { 'mix.weighting': 'prompt', ...sameWeighting },
  },
  {
    label: 'Weights that follow the answer',
    detail: 'Keeps the experts; one that foresees the answer better counts more with every token.',
    sets: { 'mix.weighting': 'fixedShare', ...sameWeighting },
  },
  {
    label: 'Weights by confidence',
    detail: 'Keeps the experts; at each token one that is surer of it counts more.',
    sets: { 'mix.weighting': 'confidence', ...sameWeighting },
  },
  {
    label: 'Weights as set',
    detail: 'Keeps the experts; the weights stay as they are in the settings.',
    sets: { 'mix.weighting': 'fixed', ...sameWeighting },
  },
];

/** Tiny is among them where its experts are known. */
export function readyMixes(hasTiny: boolean): readonly ReadyMix[] {
  return hasTiny ? [tiny, ...others] : others;
}
