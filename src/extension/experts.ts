/** Which experts there are, and the mix that the settings make of them. Looks at no file: the engine does that. */

import { basename, join } from 'node:path';
import type { ExpertSetting, MixSetting, PoolSetting, ResourceSetting } from '../protocol/engine.ts';
import type { SettingValues } from './setting-rules.ts';

export interface KnownExpert {
  /** `pocket/code` for an embedded one, the folder's name for one of the user's. */
  readonly id: string;
  readonly folder: string;
  readonly embedded: boolean;
}

export interface Mixture {
  readonly experts: readonly KnownExpert[];
  readonly mix: MixSetting;
  /** A sentence for each setting that names an expert that is not there, or one twice. */
  readonly problems: readonly string[];
}

const pocketNames = ['general', 'code', 'math'];

export function pocketExperts(extensionPath: string): KnownExpert[] {
  return pocketNames.map((name) => ({
    id: `pocket/${name}`,
    folder: join(extensionPath, 'models', 'pocket', name),
    embedded: true,
  }));
}

export function mixtureOf(extensionPath: string, values: SettingValues): Mixture {
  const problems: string[] = [];
  const problem = (text: string): number => problems.push(text);
  const experts = withFolders(pocketExperts(extensionPath), values['models.folders'], problem);
  const ids = experts.map(({ id }) => id);
  for (const setting of ['experts.active', 'experts.weights'] as const) {
    const named = setting === 'experts.active' ? values[setting] : Object.keys(values[setting]);
    for (const id of named.filter((name) => !ids.includes(name))) {
      problem(
        `The setting chorus.${setting} names the expert "${id}", which is not there. ` +
          `The experts are ${ids.join(', ')}; add the folder of another one to chorus.models.folders.`,
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

function withFolders(
  embedded: readonly KnownExpert[],
  folders: readonly string[],
  problem: (text: string) => void,
): KnownExpert[] {
  const experts = [...embedded];
  for (const folder of folders) {
    const id = basename(folder);
    const same = experts.find((expert) => expert.id === id);
    if (id !== '' && same === undefined) experts.push({ id, folder, embedded: false });
    else if (same?.folder !== folder) {
      const reason = same === undefined ? 'it has no name of its own' : `${id} is taken by ${same.folder}`;
      problem(
        `The setting chorus.models.folders names ${folder}, but ${reason}. ` +
          'Give the folder another name; until then it is left out.',
      );
    }
  }
  return experts;
}

function settingOf({ id, folder }: KnownExpert, values: SettingValues): ExpertSetting {
  const contextLimit = values['models.contextLimit'];
  const weights = new Map(Object.entries(values['experts.weights']));
  return {
    id,
    folder,
    precision: values['models.precision'],
    device: values['engine.device'],
    ...(contextLimit > 0 && { contextLimit }),
    active: values['experts.active'].includes(id),
    weight: weights.get(id) ?? 1,
  };
}

function rulesOf(values: SettingValues): { pool: PoolSetting; weighting: MixSetting['weighting'] } {
  const kind = values['mix.pool'];
  const pool: PoolSetting = kind === 'power' ? { kind, exponent: values['mix.power'] } : { kind };
  return { pool, weighting: values['mix.weighting'] };
}

function resourcesOf(values: SettingValues): ResourceSetting {
  const megabytes = values['mix.memoryLimit'];
  return {
    unloadAfterMinutes: values['engine.unloadAfterMinutes'],
    ...(megabytes > 0 && { memoryLimit: megabytes * 1e6 }),
  };
}

/** `code` for `pocket/code`. */
export function shortName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
