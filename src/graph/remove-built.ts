/** Takes what was made of a model out of the cache: its graph in every precision, and of a GGUF file its tokenizer. */

import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { BuiltPrecision, ModelLayout } from '../models/layout.ts';
import { builtPlace, modelToBuild } from './build-model.ts';
import { draftName } from './drafts.ts';

const precisions: readonly BuiltPrecision[] = ['q4', 'q8', 'fp32'];

/** Bytes that are free again. A graph that is in use elsewhere is made again there when it is next loaded. */
export async function removeBuilt(layout: ModelLayout, cacheFolder: string): Promise<number> {
  const { format } = layout;
  if (format === 'onnx') return 0;
  const places: string[] = [];
  for (const precision of precisions) {
    places.push(await builtPlace(modelToBuild({ ...layout, format, precision, cacheFolder })));
  }
  const unpacked = dirname(layout.tokenizer);
  if (format === 'gguf' && relative(join(cacheFolder, 'gguf'), dirname(unpacked)) === '')
    places.push(unpacked);
  let bytes = 0;
  for (const place of places) bytes += await removeFolder(place);
  return bytes;
}

/** Its name goes at once, so that what is half gone is never found. The bytes that it took; 0 where it is not there. */
async function removeFolder(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return 0;
  const sizes = await Promise.all(names.map((name) => lstat(join(folder, name)).then(({ size }) => size)));
  const gone = draftName(folder);
  await rename(folder, gone);
  await rm(gone, { recursive: true, force: true, maxRetries: 3 });
  return sizes.reduce((sum, size) => sum + size, 0);
}
