/** Which experts there are, and the mix that the settings make of them. Looks at no file: the engine does that. */

import { basename, join } from 'node:path';
import { t } from '@vscode/l10n';
import { weightOn } from '../models/surface-weight.ts';
import { tinyExperts, tinyIds } from '../models/tiny.ts';
import type {
  ExpertSetting,
  MixRules,
  MixSetting,
  PoolSetting,
  ResourceSetting,
  Surface,
  SurfaceRules,
} from '../protocol/engine.ts';
import { tinySettings } from './ready-mixes.ts';
import type { Fallbacks, SettingValues } from './setting-rules.ts';

export interface KnownExpert {
  /** `pocket/code` for an embedded one, the folder's name for one of the user's. */
  readonly id: string;
  readonly folder: string;
  readonly embedded: boolean;
  /** Of an adapter, where it is known. */
  readonly base?: string;
}

export interface Mixture {
  readonly experts: readonly KnownExpert[];
  readonly mix: MixSetting;
  /** A sentence for each setting that names an expert that is not there, or one twice. */
  readonly problems: readonly string[];
}

/** What the mix is made from, besides the settings. */
export interface ExpertPlaces {
  readonly extensionPath: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  /** Whether the base of Tiny was fetched. */
  readonly hasTinyBase: boolean;
  /** Whether the pocket experts answer in place of Tiny, which could not be loaded. */
  readonly standIn?: boolean;
}

const pocketNames = ['general', 'code', 'math'];

export function pocketExperts(extensionPath: string): KnownExpert[] {
  return pocketNames.map((name) => ({
    id: `pocket/${name}`,
    folder: join(extensionPath, 'models', 'pocket', name),
    embedded: true,
  }));
}

function tinyOnes({ extensionPath, cache, hasTinyBase }: ExpertPlaces): KnownExpert[] {
  if (!hasTinyBase) return [];
  return tinyExperts({ models: join(extensionPath, 'models'), cache }).map((known) => ({
    ...known,
    embedded: true,
  }));
}

/**
 * Where experts of Tiny alone are active, its rules hold unless others are set; and they are active where its base is there and nothing
 * else is set.
 */
export function fallbacksWith({
  hasTinyBase,
  standIn = false,
}: Pick<ExpertPlaces, 'hasTinyBase' | 'standIn'>): Fallbacks {
  const ids: readonly string[] = Object.values(tinyIds);
  return (active = hasTinyBase && !standIn ? ids : []) => {
    // The maths expert alone would leave nobody for suggestions.
    if (!active.every((id) => ids.includes(id)) || active.every((id) => id === tinyIds.math)) return {};
    return { ...tinySettings, 'experts.active': active };
  };
}

export function mixtureOf(places: ExpertPlaces, values: SettingValues): Mixture {
  const problems: string[] = [];
  const problem = (text: string): number => problems.push(text);
  const embedded = [...tinyOnes(places), ...pocketExperts(places.extensionPath)];
  const experts = withFolders(embedded, values, problem);
  const ids = experts.map(({ id }) => id);
  for (const setting of expertSettings) {
    const named = setting === 'experts.active' ? values[setting] : Object.keys(values[setting]);
    for (const id of named.filter((name) => !ids.includes(name))) {
      problem(
        t(
          'The setting chorus.{0} names the expert "{1}", which is not there. The experts are {2}; add the folder of another one to chorus.models.folders.',
          setting,
          id,
          ids.join(', '),
        ),
      );
    }
  }
  return {
    experts,
    mix: {
      experts: experts.map((expert) => settingOf(expert, values)),
      ...rulesOf(values),
      resources: resourcesOf(values),
    },
    problems,
  };
}

const expertSettings = ['experts.active', 'experts.weights', 'completion.weights', 'chat.weights'] as const;

function withFolders(
  embedded: readonly KnownExpert[],
  values: SettingValues,
  problem: (text: string) => void,
): KnownExpert[] {
  const experts = [...embedded];
  const bases = new Map(Object.entries(values['models.bases']));
  for (const folder of values['models.folders']) {
    const id = basename(folder);
    const same = experts.find((expert) => expert.id === id);
    if (id !== '' && same === undefined) experts.push(own(id, folder, bases.get(id)));
    else if (same?.folder !== folder) {
      problem(
        same === undefined
          ? t(
              'The setting chorus.models.folders names {0}, but it has no name of its own. Give the folder another name; until then it is left out.',
              folder,
            )
          : t(
              'The setting chorus.models.folders names {0}, but {1} is taken by {2}. Give the folder another name; until then it is left out.',
              folder,
              id,
              same.folder,
            ),
      );
    }
  }
  return experts;
}

function own(id: string, folder: string, base: string | undefined): KnownExpert {
  return { id, folder, embedded: false, ...(base !== undefined && { base }) };
}

function settingOf({ id, folder, base }: KnownExpert, values: SettingValues): ExpertSetting {
  const contextLimit = values['models.contextLimit'];
  const weights = new Map(Object.entries(values['experts.weights']));
  return {
    id,
    folder,
    ...(base !== undefined && { base }),
    precision: values['models.precision'],
    device: values['engine.device'],
    ...(contextLimit > 0 && { contextLimit }),
    active: values['experts.active'].includes(id),
    weight: weights.get(id) ?? 1,
  };
}

export function rulesOf(values: SettingValues): MixRules {
  const kind = values['mix.pool'];
  const pool: PoolSetting = kind === 'power' ? { kind, exponent: values['mix.power'] } : { kind };
  const completion = surfaceOf(values['completion.weights'], values['completion.weighting']);
  const chat = surfaceOf(values['chat.weights'], values['chat.weighting']);
  return {
    pool,
    weighting: values['mix.weighting'],
    ...((completion ?? chat) !== undefined && {
      surfaces: { ...(completion && { completion }), ...(chat && { chat }) },
    }),
  };
}

/** What differs on one surface; undefined for nothing. */
function surfaceOf(
  weights: Readonly<Record<string, number>>,
  weighting: SettingValues['chat.weighting'],
): SurfaceRules | undefined {
  const some = Object.keys(weights).length > 0;
  if (!some && weighting === 'same') return undefined;
  return { ...(some && { weights }), ...(weighting !== 'same' && { weighting }) };
}

function resourcesOf(values: SettingValues): ResourceSetting {
  const megabytes = values['mix.memoryLimit'];
  return {
    unloadAfterMinutes: values['engine.unloadAfterMinutes'],
    ...(megabytes > 0 && { memoryLimit: megabytes * 1e6 }),
  };
}

/** The ids of the experts that have a say in ghost text, or in the chat. */
export function expertsOn(mix: MixSetting, surface: Surface): readonly string[] {
  return mix.experts.flatMap((expert) =>
    expert.active && expert.role !== 'veto' && weightOn(mix, surface, expert) > 0 ? [expert.id] : [],
  );
}

/** `code` for `pocket/code`, where no other of `ids` ends so. */
export function shortName(id: string, ids: readonly string[] = []): string {
  const last = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
  return ids.some((other) => other !== id && last(other) === last(id)) ? id : last(id);
}

/** What is said of the other experts. */
export function without<T>(byExpert: Readonly<Record<string, T>>, id: string): Record<string, T> {
  return Object.fromEntries(Object.entries(byExpert).filter(([named]) => named !== id));
}

/** The settings that give an expert this weight, in completions and in the chat. */
export function weightEverywhere(values: SettingValues, id: string, weight: number): Partial<SettingValues> {
  const { 'completion.weights': completion, 'chat.weights': chat } = values;
  return {
    'experts.weights': { ...values['experts.weights'], [id]: weight },
    ...(Object.hasOwn(completion, id) && { 'completion.weights': without(completion, id) }),
    ...(Object.hasOwn(chat, id) && { 'chat.weights': without(chat, id) }),
  };
}
