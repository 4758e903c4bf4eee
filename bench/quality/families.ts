/** Which models are measured together: the pocket experts, and of the models and adapters named those that share a vocabulary. */

import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { BaseHints } from '../../src/models/adapter-base.ts';
import { userCacheFolder } from '../../src/models/cache-folder.ts';
import { tinyExperts } from '../../src/models/tiny.ts';
import { type ExpertLayout, layoutOf } from '../../src/runtime/layout.ts';
import { readTokenizer } from '../../src/runtime/tokenizer.ts';
import { fingerprint } from './results-store.ts';
import type { Family, Model } from './variants.ts';

/** @param models the folder of the embedded models */
export function pocketFamily(models: string): Family {
  const ids = ['general', 'code', 'math'];
  return {
    name: 'The pocket experts',
    models: ids.map((id) => ({ id, folder: join(models, 'pocket', id) })),
    main: ['code', 'math'],
    cases: { problems: 150, gsm8k: 30, infilling: 100, mixed: 80 },
  };
}

/** The mix Tiny in every mode: completions of base and code, chats of all three. @param models the folder of the embedded models */
export function tinyFamily(models: string, cache: string): Family {
  const experts = tinyExperts({ models, cache });
  const short = (id: string): string => id.slice(id.indexOf('/') + 1);
  const linear = { kind: 'linear' } as const;
  const even = { name: 'linear, even', pool: linear, weighting: 'fixed' } as const;
  const following = (['prompt', 'fixedShare', 'adaptive', 'confidence'] as const).map((weighting) => ({
    name: `linear, \`${weighting}\``,
    pool: linear,
    weighting,
  }));
  const geometric = { name: 'geometric, even', pool: { kind: 'geometric' }, weighting: 'fixed' } as const;
  /** Of the paper (arXiv 2411.00406): the general expert first. */
  const paper = { name: 'linear, .9/.1', pool: linear, weighting: 'fixed', weights: [0.9, 0.1] } as const;
  const modes = [even, ...following, geometric];
  return {
    name: 'Tiny: SmolLM2-135M-Instruct with adapters for code and maths',
    models: experts.map(({ id, folder, base }) => ({ id: short(id), folder, ...(base && { base }) })),
    main: undefined,
    mixes: (suite) =>
      suite === 'infilling' || suite === 'humaneval'
        ? [
            { members: ['base', 'code'], modes: [...modes, paper] },
            { members: ['base', 'code', 'math'], modes: [even, ...following.slice(0, 1)] },
          ]
        : [
            { members: ['base', 'code', 'math'], modes },
            { members: ['base', 'math'], modes: [even, paper] },
          ],
    cases: { gsm8k: 200, problems: 200, humaneval: 164, infilling: 200 },
  };
}

/** Rejects with a `ChorusError` where a folder holds neither a model nor an adapter whose base is found. */
export async function familiesOf(given: readonly string[]): Promise<Family[]> {
  const folders = given.map((folder) => resolve(folder));
  const groups = new Map<string, Model[]>();
  for (const folder of folders) {
    const { tokenizer, tokenizerConfig, adapter } = await layoutAt({ folder, folders });
    const { hash } = await readTokenizer(tokenizer, tokenizerConfig);
    const taken = [...groups.values()].flat().some(({ id }) => id === basename(folder));
    const id = taken ? `${basename(dirname(folder))}/${basename(folder)}` : basename(folder);
    const model = { id, folder, ...(adapter && { base: adapter.base }) };
    groups.set(hash, [...(groups.get(hash) ?? []), model]);
  }
  return [...groups.values()].map((models): Family => {
    const [first, second] = models;
    return {
      name: models.map(({ id }) => id).join(', '),
      models,
      main: first !== undefined && second !== undefined ? [first.id, second.id] : undefined,
      // A bigger model takes longer.
      cases: { problems: 24, gsm8k: 24, infilling: 24, mixed: 12 },
    };
  });
}

/** Changes when a model's graph does, or an adapter or the graph of its base. */
export async function stampOf({ folder, base }: Model): Promise<string> {
  const { graph, adapter } = await layoutAt({ folder, base });
  const files = [graph, ...(adapter ? [join(adapter.folder, 'adapter_model.safetensors')] : [])];
  const sizes = files.map((file) => statSync(file)).flatMap(({ size, mtimeMs }) => [size, mtimeMs]);
  return fingerprint(folder, ...files, ...sizes.map(String));
}

function layoutAt(place: BaseHints & { readonly folder: string }): Promise<ExpertLayout> {
  return layoutOf({ ...place, precision: 'auto', cacheFolder: userCacheFolder(process.env) });
}
