/** Mixes to choose from in one step; each sets only what it names. */

import type { SettingValues } from './setting-rules.ts';

export interface ReadyMix {
  readonly label: string;
  readonly detail: string;
  readonly sets: Partial<SettingValues>;
}

const [general, code, math] = ['pocket/general', 'pocket/code', 'pocket/math'] as const;

export const readyMixes: readonly ReadyMix[] = [
  {
    label: 'Code + maths, even',
    detail: 'Both count the same at every token.',
    sets: {
      'experts.active': [code, math],
      'experts.weights': { [code]: 1, [math]: 1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
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
    },
  },
  {
    label: 'Veto (geometric)',
    detail: 'A token must be likely for every expert; keeps the experts and weights chosen now.',
    sets: { 'mix.pool': 'geometric', 'mix.weighting': 'fixed' },
  },
  {
    label: 'Weights by the prompt and the answer',
    detail:
      'Keeps the experts; the one that foresaw the prompt better counts more, until another foresees the answer better.',
    sets: { 'mix.weighting': 'adaptive' },
  },
  {
    label: 'Weights by the prompt',
    detail: 'Keeps the experts; the one that foresaw the prompt better counts more.',
    sets: { 'mix.weighting': 'prompt' },
  },
  {
    label: 'Weights that follow the answer',
    detail: 'Keeps the experts; one that foresees the answer better counts more with every token.',
    sets: { 'mix.weighting': 'fixedShare' },
  },
  {
    label: 'Weights by confidence',
    detail: 'Keeps the experts; at each token one that is surer of it counts more.',
    sets: { 'mix.weighting': 'confidence' },
  },
  {
    label: 'Weights as set',
    detail: 'Keeps the experts; the weights stay as they are in the settings.',
    sets: { 'mix.weighting': 'fixed' },
  },
];
