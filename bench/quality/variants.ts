/** What is measured: each model alone, and mixtures of those that share a vocabulary. A new way to mix is one more entry here. */

import type { MixSetting, PoolSetting, WeightingSetting } from '../../src/protocol/engine.ts';
import type { SuiteName } from './suites.ts';

export interface Model {
  /** Short name in the tables. */
  readonly id: string;
  readonly folder: string;
  /** Of an adapter. */
  readonly base?: string;
}

/** Models of one vocabulary. */
export interface Family {
  readonly name: string;
  readonly models: readonly Model[];
  /** The pair that every mode is measured on; the other mixtures get the short list. */
  readonly main: readonly [string, string] | undefined;
  /** The suites it is measured on, with the cases of each, unless asked for otherwise. */
  readonly cases: Readonly<Partial<Record<SuiteName, number>>>;
  /** `auto` unless given. */
  readonly precision?: 'auto' | 'fp32';
  /** Mixtures in place of the usual ones. */
  readonly mixes?: (suite: SuiteName) => readonly Mixing[];
}

/** Members, and ways to mix them. */
export interface Mixing {
  readonly members: readonly string[];
  readonly modes: readonly Mode[];
}

export interface Variant {
  readonly name: string;
  /** Who takes part, with relative weights. */
  readonly weights: Readonly<Record<string, number>>;
  readonly pool: PoolSetting;
  readonly weighting: WeightingSetting;
  /** Suite `mixed` only: every line is a request of its own, weighed by the text before it, as in an editor. */
  readonly everyLine: boolean;
}

export interface Mode {
  readonly name: string;
  readonly pool: PoolSetting;
  readonly weighting: WeightingSetting;
  /** Of the members in order; even where absent. */
  readonly weights?: readonly number[];
  readonly everyLine?: boolean;
}

const linear: PoolSetting = { kind: 'linear' };
const geometric: PoolSetting = { kind: 'geometric' };
const power: PoolSetting = { kind: 'power', exponent: 0.5 };

const short: readonly Mode[] = [
  { name: 'linear, even', pool: linear, weighting: 'fixed' },
  { name: 'linear, `prompt`', pool: linear, weighting: 'prompt' },
  { name: 'linear, `fixedShare`', pool: linear, weighting: 'fixedShare' },
  { name: 'linear, `adaptive`', pool: linear, weighting: 'adaptive' },
];
/** For two members; the paper's weights (arXiv 2411.00406) are .9 for the general expert, .1 for the special one. */
const paper: readonly Mode[] = [
  { name: 'linear, .9/.1', pool: linear, weighting: 'fixed', weights: [0.9, 0.1] },
];
const full: readonly Mode[] = [
  ...short,
  { name: 'linear, `confidence`', pool: linear, weighting: 'confidence' },
  ...paper,
  { name: 'linear, .1/.9', pool: linear, weighting: 'fixed', weights: [0.1, 0.9] },
  { name: 'power .5, even', pool: power, weighting: 'fixed' },
  { name: 'geometric, even', pool: geometric, weighting: 'fixed' },
  { name: 'geometric, `prompt`', pool: geometric, weighting: 'prompt' },
  { name: 'geometric, `fixedShare`', pool: geometric, weighting: 'fixedShare' },
];
const everyLine: readonly Mode[] = [
  { name: 'linear, `prompt` at every line', pool: linear, weighting: 'prompt', everyLine: true },
  { name: 'linear, `adaptive` at every line', pool: linear, weighting: 'adaptive', everyLine: true },
];

export interface VariantOptions {
  readonly suite: SuiteName;
  /** Every mode for every mixture. */
  readonly all: boolean;
}

/** Single models first, in the family's order. */
export function variantsOf({ models, main, mixes: own }: Family, { suite, all }: VariantOptions): Variant[] {
  const ids = models.map(({ id }) => id);
  const alone = ids.map((id) => variant([id], { name: 'alone', pool: linear, weighting: 'fixed' }));
  if (own !== undefined) {
    const mixed = own(suite).flatMap(({ members, modes }) => modes.map((mode) => variant(members, mode)));
    return [...alone, ...mixed];
  }
  const pairs = ids.flatMap((a, i) => ids.slice(i + 1).map((b) => [a, b]));
  const mixes = ids.length > 2 ? [...pairs, ids] : pairs;
  const isMain = (members: readonly string[]): boolean =>
    members.length === 2 && members.every((id) => main?.includes(id));
  const modesOf = (members: readonly string[]): readonly Mode[] => [
    ...(isMain(members) || (all && members.length === 2) ? full : short),
    ...(members.length === 2 && !isMain(members) && !all ? paper : []),
    ...(suite === 'mixed' && (isMain(members) || all) ? everyLine : []),
  ];
  const ordered = [...mixes.filter(isMain), ...mixes.filter((members) => !isMain(members))];
  return [...alone, ...ordered.flatMap((members) => modesOf(members).map((mode) => variant(members, mode)))];
}

function variant(members: readonly string[], mode: Mode): Variant {
  const { name, pool, weighting, weights = [] } = mode;
  return {
    name: `${members.join(' + ')}${members.length === 1 ? ' ' : ', '}${name}`,
    weights: Object.fromEntries(members.map((id, i) => [id, weights[i] ?? 1])),
    pool,
    weighting,
    everyLine: mode.everyLine ?? false,
  };
}

export function isAlone({ weights }: Variant): boolean {
  return Object.keys(weights).length === 1;
}

/** All models of the family stay loaded; those that take no part have weight 0. */
export function mixOf(
  { models, precision = 'auto' }: Family,
  { weights, pool, weighting }: Variant,
): MixSetting {
  return {
    experts: models.map(({ id, folder, base }) => ({
      id,
      folder,
      ...(base !== undefined && { base }),
      precision,
      active: true,
      weight: weights[id] ?? 0,
    })),
    pool,
    weighting,
  };
}
