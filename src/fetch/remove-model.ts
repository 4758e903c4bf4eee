/** Takes a fetched model off the disk, with whatever an unfinished fetch of it left. */

import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FetchedModel } from '../models/catalog.ts';
import { takeClaim } from '../models/claim.ts';
import { placeOf } from '../models/stored-model.ts';
import { move, onDisk } from './disk.ts';
import { claimsFolder, stagingFolder } from './staging.ts';

export interface RemoveOptions {
  /** Called once, when another process fetches the model: it is removed when that one has ended. */
  readonly onWaiting?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Whether there was anything to remove. `folder` is that of all fetched models. */
export async function removeModel(
  folder: string,
  model: Pick<FetchedModel, 'id'>,
  options: RemoveOptions = {},
): Promise<boolean> {
  const place = placeOf(folder, model);
  const staging = join(stagingFolder(folder), model.id);
  if (!(await exists(place)) && !(await exists(staging))) return false;
  const claim = await onDisk(folder, takeClaim(claimsFolder(folder), model.id, options));
  try {
    await onDisk(folder, mkdir(staging, { recursive: true }));
    // The name goes at once; a model that is half gone is never seen.
    if (await exists(place)) await onDisk(folder, move(place, join(staging, `old-${randomUUID()}`)));
    await onDisk(folder, rm(staging, { recursive: true, force: true, maxRetries: 3 }));
    return true;
  } finally {
    await claim.release();
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
