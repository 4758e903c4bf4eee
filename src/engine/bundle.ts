/** Models out of the cache into one archive, and out of one into the cache, with what is told on the way. */

import { exportBundle } from '../fetch/export-bundle.ts';
import { importBundle } from '../fetch/import-bundle.ts';
import { readCatalog } from '../models/catalog.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { BundleOutcome, BundleRequest } from '../protocol/obtain.ts';
import { fetchTold, type ObtainOptions } from './obtain.ts';

/** Rejects with a `ChorusError`, `cancelled` among them. */
export async function bundle(
  request: BundleRequest,
  {
    models,
    cacheFolder,
    onProgress,
    signal,
  }: Pick<ObtainOptions, 'models' | 'cacheFolder' | 'onProgress' | 'signal'>,
): Promise<Exclude<BundleOutcome, { kind: 'failed' }>> {
  const folder = modelsFolder(cacheFolder);
  const catalog = await readCatalog(models);
  const told = fetchTold(onProgress);
  if (request.kind === 'import') {
    const imported = await importBundle(request.file, { folder, catalog, onProgress: told, signal });
    return {
      kind: 'imported',
      models: imported.map(({ model: { id, name }, folder: place, known }) => ({
        id,
        name,
        folder: place,
        known,
      })),
    };
  }
  const wanted = request.models.map((id) => {
    const model = catalog.models.find((one) => one.id === id);
    if (model?.kind === 'fetched') return model;
    throw new ChorusError('request-invalid', `The catalogue has no model '${id}' that can be exported.`);
  });
  await exportBundle(wanted, request.file, { folder, replace: true, onProgress: told, signal });
  return { kind: 'exported' };
}
