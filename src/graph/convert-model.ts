/**
 * Builds the graph of a model into the cache where it is not there: by one process at a time, after a look at the room on the
 * disk, and after removing what a conversion that was killed has left. Meant for a process of its own (runtime/conversion.ts).
 */

import { basename, dirname } from 'node:path';
import { takeClaim } from '../models/claim.ts';
import { type BuildModelOptions, buildModel, builtModel, builtPlace, openModel } from './build-model.ts';
import { graphBytes, needRoom } from './disk-room.ts';
import { sweepDrafts } from './drafts.ts';
import { cacheError } from './graph-cache.ts';

/** `onProgress` is called with values in [0, 1]; with 0 where another process converts the same model and is waited for. */
export async function convertModel(options: BuildModelOptions): Promise<void> {
  const { onProgress, cacheFolder, weightsFile } = options;
  const place = await builtPlace(options);
  const folder = dirname(place);
  const claim = await takeClaim(folder, basename(place), { onWaiting: () => onProgress(0) }).catch(
    (thrown: unknown) => {
      throw cacheError(cacheFolder, thrown);
    },
  );
  try {
    await sweepDrafts(folder);
    // It may have been there, or have come while another process was waited for.
    if ((await builtModel(options)).isThere) return;
    await needRoom(folder, { what: `Converting ${weightsFile}`, bytes: await sizeOf(options) });
    await buildModel(options);
  } finally {
    await claim.release();
  }
}

async function sizeOf(options: BuildModelOptions): Promise<number> {
  const { config, source } = await openModel(options);
  await source.close();
  return graphBytes(source, { config, ...options });
}
