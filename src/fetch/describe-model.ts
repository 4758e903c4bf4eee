/** What Chorus writes beside a fetched model's files: its manifest, and the record of what was verified. */

import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FetchedModel, type ModelSource, storedFiles } from '../models/catalog.ts';
import { syncFile } from '../models/stored-file.ts';
import { type FetchRecord, RECORD_NAME } from '../models/stored-model.ts';
import { syncFolder } from './disk.ts';

const MANIFEST_NAME = 'chorus.json';

/** `from` is where the files came from, as people call it. */
export async function describeModel(
  folder: string,
  model: FetchedModel,
  { source, from }: { readonly source: ModelSource; readonly from: string },
): Promise<void> {
  const record: FetchRecord = {
    id: model.id,
    files: storedFiles(source),
    source: from,
    time: new Date().toISOString(),
  };
  for (const [name, text] of [
    [MANIFEST_NAME, manifestOf(model)],
    [RECORD_NAME, textOf(record)],
  ] as const) {
    await writeFile(join(folder, name), text);
    await syncFile(join(folder, name));
  }
  await syncFolder(folder);
}

/** A newer catalogue may know more of a model than the one that it was fetched by. Where the manifest cannot be written, the old one serves. */
export async function refreshManifest(folder: string, model: FetchedModel): Promise<void> {
  const file = join(folder, MANIFEST_NAME);
  const text = manifestOf(model);
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return;
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch {
    await rm(draft, { force: true }).catch(() => {});
  }
}

function manifestOf({ name, summary, licence, base, completion }: FetchedModel): string {
  return textOf({
    name,
    summary,
    licence: licence.spdx,
    ...(base !== undefined && { base: `../${base}` }),
    ...(completion !== undefined && { completion }),
  });
}

function textOf(json: object): string {
  return `${JSON.stringify(json, undefined, 2)}\n`;
}
