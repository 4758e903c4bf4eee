/**
 * Builds the graph of a model into the cache where it is not there: by one process at a time, after a look at the room on the
 * disk, and after removing what a conversion that was killed has left. Meant for a process of its own (runtime/conversion.ts).
 */

import { dirname } from 'node:path';
import { type BuildModelOptions, buildModel, builtModel, openModel } from './build-model.ts';
import { conversionLock } from './conversion-lock.ts';
import { graphBytes, needRoom } from './disk-room.ts';
import { sweepDrafts } from './drafts.ts';
import { cacheError } from './graph-cache.ts';

/** `onProgress` is called with values in [0, 1], also while another process converts the same model. */
export async function convertModel(options: BuildModelOptions): Promise<void> {
  const { place } = await builtModel(options);
  const isMissing = async (): Promise<boolean> => !(await builtModel(options)).isThere;
  const lock = await conversionLock(`${place}.lock`, {
    onWaiting: options.onProgress,
    wanted: isMissing,
  }).catch((thrown: unknown) => {
    throw cacheError(options.cacheFolder, thrown);
  });
  if (lock === undefined) return;
  try {
    await sweepDrafts(dirname(place));
    await needRoom(dirname(place), {
      what: `Converting ${options.weightsFile}`,
      bytes: await sizeOf(options),
    });
    const onProgress = (progress: number): void => {
      options.onProgress(progress);
      lock.tell(progress);
    };
    await buildModel({ ...options, onProgress });
  } finally {
    await lock.release();
  }
}

async function sizeOf(options: BuildModelOptions): Promise<number> {
  const { config, source } = await openModel(options);
  await source.close();
  return graphBytes(source, { config, ...options });
}
