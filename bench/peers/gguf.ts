/** The GGUF file that llama.cpp is measured with: one that is named, or SmolLM2-135M-Instruct of the catalogue, where it was fetched. */

import { open } from 'node:fs/promises';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import { fetchSettings } from '../../src/fetch/settings.ts';
import { userCacheFolder } from '../../src/models/cache-folder.ts';
import { readCatalog } from '../../src/models/catalog.ts';
import { folderKind } from '../../src/models/folder-kind.ts';
import { modelsFolder, storedModel } from '../../src/models/stored-model.ts';
import { TINY_BASE } from '../../src/models/tiny.ts';

export interface GgufOptions {
  /** A file of the user's. */
  readonly given: string | undefined;
  /** The folder of the catalogue. */
  readonly models: string;
  /** Of all that is fetched; the user's own unless given. */
  readonly cache?: string;
  /** Whether the usual file may be fetched where it is not there. */
  readonly fetch: boolean;
}

/** The path of the file; undefined where there is none and none may be fetched. Rejects where a file is not what it should be. */
export async function findGguf({
  given,
  models,
  cache = userCacheFolder(process.env),
  fetch,
}: GgufOptions): Promise<string | undefined> {
  if (given !== undefined) {
    await checkIsGguf(given);
    return given;
  }
  const catalog = await readCatalog(models);
  const model = catalog.models.find(({ id }) => id === TINY_BASE);
  if (model?.kind !== 'fetched') throw new Error(`The catalogue of ${models} has no ${TINY_BASE} to fetch.`);
  const folder = modelsFolder(cache);
  if (!fetch && (await storedModel(folder, model)) === undefined) return undefined;
  const place = await fetchModel(model, {
    folder,
    settings: fetchSettings(process.env, {}, cache),
    onProgress: (progress) => {
      if (progress.kind === 'source') console.log(`Fetching ${model.name} from ${progress.from}…`);
    },
  });
  const found = await folderKind(place);
  return found.kind === 'gguf' ? found.file : undefined;
}

/** Rejects where `file` does not begin as a GGUF file does. */
export async function checkIsGguf(file: string): Promise<void> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) throw new Error(`${file} cannot be read. Name a GGUF file with --gguf.`);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 4 && buffer.toString('latin1') === 'GGUF') return;
    throw new Error(`${file} is not a GGUF file. Name one with --gguf.`);
  } finally {
    await handle.close();
  }
}
