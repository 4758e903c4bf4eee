/** Brings a model of the catalogue onto the machine and makes its graph, so that all that is left is to load it. */

import { fetchModel } from '../fetch/fetch-model.ts';
import type { FetchProgress } from '../fetch/progress.ts';
import { fetchSettings } from '../fetch/settings.ts';
import { type FetchedModel, readCatalog, sourceName } from '../models/catalog.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { ObtainOutcome, ObtainProgress, ObtainRequest } from '../protocol/obtain.ts';
import { convert } from '../runtime/conversion.ts';
import { layoutOf } from '../runtime/layout.ts';

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
  { model: id, choices }: ObtainRequest,
  { models, cacheFolder, converter, environment, onProgress, signal, clock }: ObtainOptions,
): Promise<Extract<ObtainOutcome, { kind: 'obtained' }>> {
  const model = await inCatalogue(models, id);
  const began = clock();
  const told = fetchTold(onProgress);
  const folder = await fetchModel(model, {
    folder: modelsFolder(cacheFolder),
    settings: fetchSettings(environment, choices, cacheFolder),
    onProgress: told,
    signal,
  });
  const fetched = clock();
  // One that is wanted in another precision is converted again when it is loaded.
  const layout = await layoutOf({ folder, precision: 'auto', cacheFolder });
  await convert(layout, {
    program: converter,
    cacheFolder,
    onProgress: (fraction) =>
      onProgress({ stage: 'converting', text: 'Converting it', fraction, about: 'progress' }),
    signal,
  });
  return {
    kind: 'obtained',
    folder,
    ms: { fetch: fetched - began, convert: clock() - fetched },
  };
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
function fetchTold(onProgress: (progress: ObtainProgress) => void): (progress: FetchProgress) => void {
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
