/** Lets go of a model: what was built of it, and, where that is asked for, its own files, of a model that Chorus itself put there. */

import { rm } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { removeModel } from '../fetch/remove-model.ts';
import { mergedFolder } from '../models/cache-folder.ts';
import { readCatalog } from '../models/catalog.ts';
import { modelsFolder, placeOf, storedIds } from '../models/stored-model.ts';
import type { DiscardOutcome, DiscardRequest } from '../protocol/obtain.ts';
import { discardBuilt } from '../runtime/discard-built.ts';

export interface DiscardOptions {
  /** The folder of the embedded models and the catalogue. */
  readonly models: string;
  readonly cacheFolder: string;
}

/** Rejects with a `ChorusError` or as the file system does. Must be asked when the expert is no part of the mix any more. */
export async function discard(
  request: DiscardRequest,
  { models, cacheFolder }: DiscardOptions,
): Promise<Extract<DiscardOutcome, { kind: 'discarded' }>> {
  // Before the files go: what was built is found by what they hold.
  const bytes = await discardBuilt({ ...request, cacheFolder });
  const files = request.files && (await removeFiles(resolve(request.folder), models, cacheFolder));
  return { kind: 'discarded', files, bytes };
}

async function removeFiles(folder: string, models: string, cacheFolder: string): Promise<boolean> {
  if (dirname(folder) === resolve(mergedFolder(cacheFolder))) {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    return true;
  }
  const home = modelsFolder(cacheFolder);
  const catalogue = await readCatalog(models);
  for (const model of catalogue.models) {
    if (model.kind === 'fetched' && resolve(placeOf(home, model)) === folder) return removeModel(home, model);
  }
  const id = basename(folder);
  const isStored = resolve(placeOf(home, { id })) === folder && (await storedIds(home)).includes(id);
  return isStored && removeModel(home, { id });
}
