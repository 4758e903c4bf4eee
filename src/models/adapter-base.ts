/**
 * Which model an adapter's folder is an adapter of (docs/decisions/009): the folder that a request or setting names; else `base` in
 * its chorus.json, relative to the folder; else a folder called as `base_model_name_or_path` ends, looked for among the experts,
 * then among the models that were fetched, beside the adapter's folder and beside the folder around it. Nothing is looked for anywhere else.
 */

import { readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';
import { readJson } from './json.ts';

export interface BaseHints {
  /** The base's folder, where it is said. */
  readonly base?: string | undefined;
  /** Folders of the other experts. */
  readonly folders?: readonly string[] | undefined;
  /** The folder of fetched models. */
  readonly fetched?: string | undefined;
}

const configSchema = v.looseObject({ base_model_name_or_path: v.nullish(v.string()) });
const manifestSchema = v.looseObject({ base: v.optional(v.string()) });

/** The base's folder; rejects with a `ChorusError` that says how to name it. */
export async function baseOf(folder: string, { base, folders = [], fetched }: BaseHints): Promise<string> {
  if (base !== undefined) return base;
  const manifest = join(folder, 'chorus.json');
  const named = (await readJson(manifest, manifestSchema, { optional: true }))?.base;
  if (named !== undefined) return within(folder, manifest, named);
  const file = join(folder, 'adapter_config.json');
  const { base_model_name_or_path: path } = await readJson(file, configSchema);
  const wanted = lastPart(path ?? '').toLowerCase();
  if (wanted !== '') {
    const own = resolve(folder);
    const places = [...(fetched === undefined ? [] : [fetched]), dirname(own), dirname(dirname(own))];
    const around = await Promise.all(places.map(entriesOf));
    for (const candidate of [...folders, ...around.flat()]) {
      if (basename(candidate).toLowerCase() === wanted && resolve(candidate) !== own) return candidate;
    }
  }
  throw new ChorusError(
    'config-invalid',
    `${folder} is an adapter of ${wanted === '' ? 'a model that it does not name' : `'${lastPart(path ?? '').slice(0, 100)}'`}, and no folder of that name is among the experts, among the models that were fetched, beside it or one level up. Say where the model is: with "base" beside "model" in a request, or with "base" in ${manifest}, relative to that folder.`,
    file,
  );
}

/** A path from a file that came with the adapter: never that of another machine or drive. */
function within(folder: string, manifest: string, named: string): string {
  if (!isAbsolute(named) && !/^[\\/]|^[a-z]:/i.test(named)) return resolve(folder, named);
  throw new ChorusError(
    'config-invalid',
    `${manifest} cannot be used: 'base' is '${named.slice(0, 100)}', and only a path relative to the adapter's folder is read there. Correct it.`,
    manifest,
  );
}

function lastPart(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? '';
}

async function entriesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.sort().map((name) => join(folder, name));
}
