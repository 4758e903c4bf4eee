/**
 * Where fetched models lie, and which of them are whole. A model's folder comes into being at once, with a record of what was verified;
 * a folder without it, with files of other sizes, or of another revision than the catalogue's, is not the model.
 */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { type FetchedModel, type ModelSource, type StoredFile, storedFiles } from './catalog.ts';
import { readJson } from './json.ts';

export const RECORD_NAME = 'fetched.json';

const recordSchema = v.strictObject({
  id: v.string(),
  files: v.array(v.strictObject({ path: v.string(), sha256: v.string(), size: v.number() })),
  /** What people call the source. */
  source: v.string(),
  /** ISO 8601. */
  time: v.string(),
});

export type FetchRecord = v.InferOutput<typeof recordSchema>;

/** The folder of all fetched models in the cache. */
export function modelsFolder(cache: string): string {
  return join(cache, 'models');
}

/** Where the model lies once it is fetched. */
export function placeOf(folder: string, model: Pick<FetchedModel, 'id'>): string {
  return join(folder, model.id);
}

/** The model's folder, where it is there and whole; `folder` is that of all fetched models. */
export async function storedModel(folder: string, model: FetchedModel): Promise<string | undefined> {
  return (await storedFrom(folder, model)) === undefined ? undefined : placeOf(folder, model);
}

/** The ids of the models that lie in `folder`, by their records: also of those that came by a bundle and no catalogue knows. */
export async function storedIds(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(names.map((name) => recordIn(join(folder, name))));
  return names.filter((name, i) => records[i]?.id === name).sort();
}

/** The source whose files are those that lie there, where the model is there and whole. */
export async function storedFrom(folder: string, model: FetchedModel): Promise<ModelSource | undefined> {
  const place = placeOf(folder, model);
  const record = await recordIn(place);
  if (record === undefined || record.id !== model.id) return undefined;
  const source = model.sources.find((one) => sameFiles(record.files, storedFiles(one)));
  return source !== undefined && (await sizesFit(place, source)) ? source : undefined;
}

/** In whatever order. */
export function sameFiles(files: readonly StoredFile[], wanted: readonly StoredFile[]): boolean {
  const same = (one: StoredFile, other: StoredFile): boolean =>
    one.path === other.path && one.sha256 === other.sha256 && one.size === other.size;
  return files.length === wanted.length && wanted.every((file) => files.some((found) => same(found, file)));
}

async function sizesFit(place: string, source: ModelSource): Promise<boolean> {
  for (const { path, size } of storedFiles(source)) {
    const found = await lstat(join(place, path)).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== size) return false;
  }
  return true;
}

/** Where the model in this folder was fetched from, and when; undefined where that is not noted. */
export async function sourceOfStored(place: string): Promise<string | undefined> {
  const record = await recordIn(place);
  return record === undefined ? undefined : `${record.source}, ${record.time.slice(0, 10)}`;
}

/** Undefined where there is none, or no good one. */
function recordIn(place: string): Promise<FetchRecord | undefined> {
  return readJson(join(place, RECORD_NAME), recordSchema, { optional: true }).catch(() => undefined);
}
