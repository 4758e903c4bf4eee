/** Mixes to choose from in one step; each sets only what it names. */

import { t } from '@vscode/l10n';
import type { CatalogMix } from '../models/catalog.ts';
import { ownMix, ownMixes } from '../models/own-mixes.ts';
import { readyExperts, readyRules } from '../models/ready-mix.ts';
import { summaryText } from './language.ts';
import type { SavedMix, SettingValues } from './setting-rules.ts';

export interface ReadyMix {
  /** The same in every language. */
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly sets: SavedMix;
  /** Of one of the catalogue, whose models may have to be fetched. */
  readonly mix?: CatalogMix;
}

const [general, code, math] = ['pocket/general', 'pocket/code', 'pocket/math'] as const;

/** A mix of the catalogue as settings. */
export function settingsOfMix(mix: CatalogMix) {
  const experts = readyExperts(mix);
  const { weighting, surfaces } = readyRules(mix);
  return {
    'experts.active': experts.map(({ id }) => id),
    'experts.weights': Object.fromEntries(experts.map(({ id, weight }) => [id, weight])),
    'mix.pool': mix.chat.pool,
    'mix.weighting': weighting,
    'completion.weights': surfaces?.completion?.weights ?? {},
    'completion.weighting': surfaces?.completion?.weighting ?? 'same',
    'chat.weights': surfaces?.chat?.weights ?? {},
    'chat.weighting': surfaces?.chat?.weighting ?? 'same',
  } as const satisfies Partial<SettingValues>;
}

/** The mix called Tiny as settings. */
export const tinySettings = settingsOfMix(ownMix('tiny'));

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

/** From the most that a machine needs to have to the least. */
const catalogue = (): readonly ReadyMix[] =>
  [...ownMixes].reverse().map((mix) => ({
    id: mix.id,
    label: mix.name,
    detail: summaryText(mix.summary),
    sets: settingsOfMix(mix),
    mix,
  }));

const others = (): readonly ReadyMix[] => [
  {
    id: 'code-and-maths',
    label: t('Code + maths, even'),
    detail: t('Both count the same at every token.'),
    sets: {
      'experts.active': [code, math],
      'experts.weights': { [code]: 1, [math]: 1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
      ...everywhere,
    },
  },
  {
    id: 'code-first',
    label: t('Code first (.9 / .1)'),
    detail: t('The weights of the paper on mixing distributions, arXiv 2411.00406.'),
    sets: {
      'experts.active': [code, math],
      'experts.weights': { [code]: 0.9, [math]: 0.1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
      ...everywhere,
    },
  },
  {
    id: 'all-three',
    label: t('All three, even'),
    detail: t('The general expert and both of its specialists.'),
    sets: {
      'experts.active': [general, code, math],
      'experts.weights': { [general]: 1, [code]: 1, [math]: 1 },
      'mix.pool': 'linear',
      'mix.weighting': 'fixed',
      ...everywhere,
    },
  },
  {
    id: 'veto',
    label: t('Veto (geometric)'),
    detail: t('A token must be likely for every expert; keeps the experts and weights chosen now.'),
    sets: { 'mix.pool': 'geometric', 'mix.weighting': 'fixed', ...sameWeighting },
  },
  {
    id: 'weights-adaptive',
    label: t('Weights by the prompt and the answer'),
    detail: t(
      'Keeps the experts; the one that foresaw the prompt better counts more, until another foresees the answer better.',
    ),
    sets: { 'mix.weighting': 'adaptive', ...sameWeighting },
  },
  {
    id: 'weights-prompt',
    label: t('Weights by the prompt'),
    detail: t('Keeps the experts; the one that foresaw the prompt better counts more.'),
    sets: { 'mix.weighting': 'prompt', ...sameWeighting },
  },
  {
    id: 'weights-fixed-share',
    label: t('Weights that follow the answer'),
    detail: t('Keeps the experts; one that foresees the answer better counts more with every token.'),
    sets: { 'mix.weighting': 'fixedShare', ...sameWeighting },
  },
  {
    id: 'weights-confidence',
    label: t('Weights by confidence'),
    detail: t('Keeps the experts; at each token one that is surer of it counts more.'),
    sets: { 'mix.weighting': 'confidence', ...sameWeighting },
  },
  {
    id: 'weights-fixed',
    label: t('Weights as set'),
    detail: t('Keeps the experts; the weights stay as they are in the settings.'),
    sets: { 'mix.weighting': 'fixed', ...sameWeighting },
  },
];

/** All, or those whose experts are among `known`. */
export function readyMixes(known?: readonly string[]): readonly ReadyMix[] {
  const isKnown = ({ sets }: ReadyMix): boolean =>
    known === undefined || (sets['experts.active'] ?? []).every((id) => known.includes(id));
  return [...catalogue().filter(isKnown), ...others()];
}
