/**
 * Takes models out of a bundle. An archive is as foreign as a hub: each file has the size and the SHA-256 that the bundle's manifest and,
 * for a model that the catalogue knows, the catalogue say before it has its name, and the archive's names never make a path.
 */

import { mkdir, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import * as v from 'valibot';
import {
  type Catalog,
  diskBytes,
  type FetchedModel,
  type ModelSource,
  namesTwice,
  storedFiles,
} from '../models/catalog.ts';
import { checkJson } from '../models/json.ts';
import { sha256Of } from '../models/stored-file.ts';
import { sameFiles, storedModel } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import { bundleSchema, entryOf, MANIFEST_ENTRY, MOST_MANIFEST_BYTES } from './bundle.ts';
import { checkRoom, onDisk } from './disk.ts';
import { alone } from './fetch-model.ts';
import { byteProgress, type OnFetchProgress } from './progress.ts';
import { openStaging } from './staging.ts';
import { unzipOne, unzipText } from './unzip-one.ts';

export interface BundleOptions {
  /** Of all fetched models. */
  readonly folder: string;
  readonly catalog: Catalog;
  readonly onProgress?: OnFetchProgress | undefined;
  /** What is on the disk when it aborts stays there, and the next import goes on with it. */
  readonly signal?: AbortSignal | undefined;
}

export interface BundledModel {
  readonly model: FetchedModel;
  readonly folder: string;
  /** Whether the catalogue vouches for it; otherwise the bundle alone does. */
  readonly known: boolean;
}

/**
 * All models of the bundle, in its order; one that is there already is left as it is. Rejects with a `ChorusError`: `fetch-failed` (the archive is
 * not what it says, or says another thing than the catalogue), `disk-full`, `file-unreadable`, `cancelled`.
 */
export async function importBundle(archive: string, options: BundleOptions): Promise<BundledModel[]> {
  const { folder, signal, onProgress = () => {} } = options;
  const blame = {
    what: `${archive} is no bundle of Chorus that can be used`,
    remedy: 'Export it again, or copy it again.',
  };
  const wanted = await modelsOf(archive, blame, options.catalog);
  await onDisk(folder, mkdir(folder, { recursive: true }));
  const missing = await Promise.all(
    wanted.map(async ({ model, source }) =>
      (await storedModel(folder, model)) === undefined ? diskBytes(source) : 0,
    ),
  );
  const bytes = missing.reduce((sum, size) => sum + size, 0);
  await checkRoom(folder, bytes);
  const tell = byteProgress(bytes, onProgress);
  const imported: BundledModel[] = [];
  let done = 0;
  try {
    for (const { model, source, known } of wanted) {
      const there = await storedModel(folder, model);
      const place =
        there ??
        (await alone(model, { folder, onProgress, signal }, async (working) => {
          const staging = openStaging(folder, model, source);
          for (const file of storedFiles(source)) {
            if (!(await staging.has(file))) {
              const target = staging.part(file);
              await rm(target, { recursive: true, force: true });
              const name = entryOf(model, file.path);
              await unzipOne({ archive, name, size: file.size, target, signal: working, blame });
              onProgress({ kind: 'verifying' });
              const hash = await sha256Of(target, working);
              if (hash !== file.sha256) {
                await rm(target, { force: true });
                const why = `${blame.what}: its ${name} has the SHA-256 ${hash} instead of ${file.sha256}. ${blame.remedy}`;
                throw new ChorusError('fetch-failed', why, archive);
              }
              await staging.put(file, target);
            }
            done += file.size;
            tell(done);
          }
          return staging.finish(`the bundle ${basename(archive)}`);
        }));
      imported.push({ model, folder: place, known });
    }
    return imported;
  } catch (thrown) {
    if (signal?.aborted)
      throw new ChorusError(
        'cancelled',
        'The import was cancelled; the next one goes on with what is there.',
      );
    throw thrown;
  }
}

interface Wanted {
  readonly model: FetchedModel;
  readonly source: ModelSource;
  readonly known: boolean;
}

async function modelsOf(
  archive: string,
  blame: { readonly what: string; readonly remedy: string },
  { models }: Catalog,
): Promise<Wanted[]> {
  const refuse = (why: string): ChorusError =>
    new ChorusError('fetch-failed', `${blame.what}: ${why}. ${blame.remedy}`, archive);
  const text = await unzipText({ archive, name: MANIFEST_ENTRY, blame }, MOST_MANIFEST_BYTES);
  const json = v.safeParse(v.pipe(v.string(), v.parseJson()), text);
  if (!json.success) throw refuse(`its ${MANIFEST_ENTRY} is no JSON`);
  const { models: bundled } = checkJson(`${archive} (${MANIFEST_ENTRY})`, json.output, bundleSchema);
  const ids = bundled.map(({ id }) => id);
  return bundled.map((model, i) => {
    const [source, more] = model.sources;
    if (source === undefined || more !== undefined) throw refuse(`${model.id} has not one source`);
    if (ids.indexOf(model.id) !== i) throw refuse(`${model.id} is there twice`);
    if (namesTwice(storedFiles(source))) throw refuse(`${model.id} puts two files under one name`);
    const own = models.find(({ id }) => id === model.id);
    if (own === undefined) return { model, source, known: false };
    if (own.kind === 'embedded') throw refuse(`${model.id} comes with Chorus`);
    const same = own.sources.find((one) => sameFiles(storedFiles(one), storedFiles(source)));
    if (same === undefined)
      throw refuse(`the files of ${model.id} are not those that the catalogue has, by size or SHA-256`);
    return { model: own, source: same, known: true };
  });
}
