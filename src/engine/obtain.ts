/**
 * Makes a model ready, so that all that is left is to load it: fetches one of the catalogue, or looks through one that the user has, and
 * makes its graph.
 */

import { fetchModel } from '../fetch/fetch-model.ts';
import type { FetchProgress } from '../fetch/progress.ts';
import { fetchSettings } from '../fetch/settings.ts';
import { type FetchedModel, readCatalog, sourceName } from '../models/catalog.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { ObtainOutcome, ObtainProgress, ObtainRequest } from '../protocol/obtain.ts';
import { checkModel } from '../runtime/check-model.ts';
import { convert } from '../runtime/conversion.ts';
import { type LayoutOptions, layoutOf } from '../runtime/layout.ts';

export interface ObtainOptions {
  /** The folder of the embedded models and the catalogue. */
  readonly models: string;
  readonly cacheFolder: string;
  /** The bundled converter, dist/convert.js. */
  readonly converter: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (progress: ObtainProgress) => void;
  readonly signal: AbortSignal;
  /** In ms. */
  readonly clock: () => number;
}

/**
 * What is there already takes no time. Rejects with a `ChorusError`, `cancelled` among them; what was fetched or made until then is
 * there the next time.
 */
export async function obtain(
  request: ObtainRequest,
  options: ObtainOptions,
): Promise<Extract<ObtainOutcome, { kind: 'obtained' }>> {
  const { cacheFolder, converter, onProgress, signal, clock } = options;
  const began = clock();
  const place = request.kind === 'fetch' ? await fetched(request, options) : request;
  const there = clock();
  const layout = await layoutOf({ ...place, cacheFolder });
  if (request.kind === 'import') await checkModel(layout, cacheFolder);
  await convert(layout, {
    program: converter,
    cacheFolder,
    onProgress: (fraction) =>
      onProgress({ stage: 'converting', text: 'Converting it', fraction, about: 'progress' }),
    signal,
  });
  const ms = { fetch: there - began, convert: clock() - there };
  return { kind: 'obtained', folder: place.folder, ms };
}

async function fetched(
  { model: id, choices }: Extract<ObtainRequest, { kind: 'fetch' }>,
  { models, cacheFolder, environment, onProgress, signal }: ObtainOptions,
): Promise<Pick<LayoutOptions, 'folder' | 'precision'>> {
  const folder = await fetchModel(await inCatalogue(models, id), {
    folder: modelsFolder(cacheFolder),
    settings: fetchSettings(environment, choices, cacheFolder),
    onProgress: fetchTold(onProgress),
    signal,
  });
  // One that is wanted in another precision is converted again when it is loaded.
  return { folder, precision: 'auto' };
}

async function inCatalogue(models: string, id: string): Promise<FetchedModel> {
  const catalogue = await readCatalog(models);
  const fetched = catalogue.models.filter((model) => model.kind === 'fetched');
  const model = fetched.find((one) => one.id === id);
  if (model !== undefined) return model;
  throw new ChorusError(
    'request-invalid',
    `The catalogue has no model '${id}' to fetch; there are ${fetched.map((one) => one.id).join(', ') || 'none'}.`,
  );
}

/** What a fetch tells, for people. */
export function fetchTold(onProgress: (progress: ObtainProgress) => void): (progress: FetchProgress) => void {
  let fraction = 0;
  const tell = (text: string, about: ObtainProgress['about']): void =>
    onProgress({ stage: 'fetching', text, fraction, about });
  return (progress) => {
    switch (progress.kind) {
      case 'waiting':
        return tell('Waiting for another process that fetches it', 'news');
      case 'source':
        fraction = 0;
        return tell(
          `Fetching ${megabytes(progress.bytes)} MB from ${sourceName(progress.source)} (${progress.from})`,
          'news',
        );
      case 'bytes':
        fraction = progress.total === 0 ? 0 : Math.min(1, progress.done / progress.total);
        return tell(`${megabytes(progress.done)} of ${megabytes(progress.total)} MB`, 'progress');
      case 'verifying':
        return tell('Comparing sizes and hashes', 'progress');
      case 'retrying':
        return tell(`${progress.why}; trying again in ${Math.ceil(progress.waitMs / 1000)} s`, 'news');
      case 'source-failed':
        return tell(progress.failure.message, 'failure');
      default:
        return progress satisfies never;
    }
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
