/** Which models are measured together: the pocket experts, and of the folders named those that share a vocabulary. */

import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { userCacheFolder } from '../../src/engine/cache-folder.ts';
import { layoutOf } from '../../src/runtime/layout.ts';
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

/** Rejects with a `ChorusError` where a folder holds no model. */
export async function familiesOf(folders: readonly string[]): Promise<Family[]> {
  const groups = new Map<string, Model[]>();
  for (const folder of folders.map((given) => resolve(given))) {
    const { tokenizer, tokenizerConfig } = await layoutOf({
      folder,
      precision: 'auto',
      cacheFolder: userCacheFolder(process.env),
    });
    const { hash } = await readTokenizer(tokenizer, tokenizerConfig);
    const taken = [...groups.values()].flat().some(({ id }) => id === basename(folder));
    const id = taken ? `${basename(dirname(folder))}/${basename(folder)}` : basename(folder);
    groups.set(hash, [...(groups.get(hash) ?? []), { id, folder }]);
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

/** Changes when a model's graph does. */
export async function stampOf({ folder }: Model): Promise<string> {
  const { graph } = await layoutOf({ folder, precision: 'auto', cacheFolder: userCacheFolder(process.env) });
  const { size, mtimeMs } = statSync(graph);
  return fingerprint(folder, graph, String(size), String(mtimeMs));
}
