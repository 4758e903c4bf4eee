/** What "Merge Experts" asks for, and the recipe that the answers make. */

import { isAbsolute } from 'node:path';
import { t } from '@vscode/l10n';

export type MergeMethodName =
  | 'linear'
  | 'slerp'
  | 'task_arithmetic'
  | 'ties'
  | 'dare_linear'
  | 'dare_ties'
  | 'emr';

export interface MergeMethodChoice {
  readonly method: MergeMethodName;
  readonly label: string;
  readonly detail: string;
  /** Adds the experts' differences to a base that is none of them. */
  readonly wantsBase: boolean;
  /** Exactly two experts. */
  readonly pair: boolean;
  readonly asks: readonly ('weights' | 'density' | 't')[];
}

export const mergeMethodChoices = (): readonly MergeMethodChoice[] => [
  {
    method: 'linear',
    label: t('Linear'),
    detail: t('The weighted mean of the weights'),
    wantsBase: false,
    pair: false,
    asks: ['weights'],
  },
  {
    method: 'slerp',
    label: 'SLERP',
    detail: t('From one expert towards another, on the arc between them'),
    wantsBase: false,
    pair: true,
    asks: ['t'],
  },
  {
    method: 'task_arithmetic',
    label: t('Task Arithmetic'),
    detail: t('The base, and the weighted differences of the experts to it'),
    wantsBase: true,
    pair: false,
    asks: ['weights'],
  },
  {
    method: 'ties',
    label: 'TIES',
    detail: t('As Task Arithmetic, with small differences left out and signs elected'),
    wantsBase: true,
    pair: false,
    asks: ['weights', 'density'],
  },
  {
    method: 'dare_linear',
    label: 'DARE',
    detail: t('As Task Arithmetic, with differences left out at random and the rest enlarged'),
    wantsBase: true,
    pair: false,
    asks: ['weights', 'density'],
  },
  {
    method: 'dare_ties',
    label: 'DARE TIES',
    detail: t('As DARE, with signs elected'),
    wantsBase: true,
    pair: false,
    asks: ['weights', 'density'],
  },
  {
    method: 'emr',
    label: 'EMR',
    detail: t('One elected difference, from which each expert can be rebuilt in the terminal'),
    wantsBase: true,
    pair: false,
    asks: [],
  },
];

export interface MergeChoices {
  readonly method: MergeMethodChoice;
  /** Ids of the experts, in order. */
  readonly experts: readonly string[];
  readonly base: string | undefined;
  /** One for each expert. */
  readonly weights: readonly number[] | undefined;
  readonly density: number | undefined;
  readonly t: number | undefined;
}

/** In mergekit's names; JSON is YAML too. */
export function recipeFor({ method, experts, base, weights, density, t }: MergeChoices): string {
  const models = experts.map((model, i) => ({
    model,
    parameters: {
      ...(weights !== undefined && { weight: weights[i] }),
      ...(density !== undefined && { density }),
    },
  }));
  return JSON.stringify({
    merge_method: method.method,
    ...(method.pair ? { base_model: experts[0] } : base !== undefined && { base_model: base }),
    models,
    parameters: {
      ...(t !== undefined && { t }),
      ...(method.asks.includes('weights') && { normalize: true }),
    },
    dtype: 'bfloat16',
  });
}

/** `0.9 0.1` or `0.9, 0.1`; undefined unless they are `count` numbers of at least 0, not all 0. A comma may stand for the point. */
export function parseWeights(text: string, count: number): number[] | undefined {
  const parts = text
    .trim()
    .split(/\s*;\s*|,\s+|\s+|,(?=\s*\d*\.)/)
    .filter((part) => part !== '');
  const weights = parts.map(parseNumber);
  const sum = weights.reduce<number>((total, weight) => total + (weight ?? Number.NaN), 0);
  if (weights.length !== count || !(sum > 0)) return undefined;
  return weights.every((weight) => weight !== undefined && weight >= 0) ? (weights as number[]) : undefined;
}

/** A number from `least` to 1; with `least` 0 it may be 0. */
export function parseShare(text: string, least: 0 | 'above 0'): number | undefined {
  const value = parseNumber(text);
  if (value === undefined || value > 1 || value < 0) return undefined;
  return least === 'above 0' && value === 0 ? undefined : value;
}

function parseNumber(text: string): number | undefined {
  const value = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
  return Number.isFinite(value) ? value : undefined;
}

/** Why `name` cannot be the name of the result; undefined where it can. @param taken ids of the experts */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  const plain = /^[a-zA-Z0-9][\w.-]{0,59}$/.test(name) && !name.endsWith('.') && !isAbsolute(name);
  if (!plain)
    return t('Write a name of letters, digits, points, hyphens and underscores, such as code-and-math.');
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name))
    return t('Windows has other uses for this name. Write another.');
  return taken.some((id) => id.toLowerCase() === name.toLowerCase())
    ? t('There is an expert {0} already. Write another name.', name)
    : undefined;
}
