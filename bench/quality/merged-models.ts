/** Makes the merges of an evaluation, each once: its folder is named for its recipe, its inputs and the code that made it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mergeModels } from '../../src/merge/merge.ts';
import { rebuildExpert } from '../../src/merge/rebuild.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import type { NamedRecipe } from './merge-recipes.ts';
import { fingerprint } from './results-store.ts';

export interface MergedOptions {
  /** The experts by the names in the recipes; an adapter is `base+adapter`, both by their names. */
  readonly folders: ReadonlyMap<string, string>;
  readonly bases: ReadonlyMap<string, string>;
  /** Where merges are kept. */
  readonly home: string;
  /** Changes with the code and the experts. */
  readonly stamp: string;
  readonly seed: number;
  readonly progress: (text: string) => void;
}

/** The folder of the merge. */
export async function mergedFolder(
  { name, recipe, rebuilt }: NamedRecipe,
  { folders, bases, home, stamp, seed, progress }: MergedOptions,
): Promise<string> {
  const named = (model: string): string => (bases.has(model) ? `${bases.get(model)}+${model}` : model);
  const text = JSON.stringify(recipe, (key, value: unknown) =>
    (key === 'model' || key === 'base_model') && typeof value === 'string' ? named(value) : value,
  );
  const key = fingerprint(stamp, text, String(seed), ...[...folders].flat());
  const folder = join(home, `merge-${key}`);
  if (!existsSync(folder)) {
    progress(`merging: ${name}`);
    await mergeModels({
      recipe: parseRecipe(text, name),
      folderOf: (model) => folders.get(model) ?? model,
      out: folder,
      name,
      seed,
    });
  }
  if (rebuilt === undefined) return folder;
  const own = `${folder}-${fingerprint(rebuilt).slice(0, 6)}`;
  if (!existsSync(own)) await rebuildExpert({ folder, expert: named(rebuilt), out: own, name });
  return own;
}
