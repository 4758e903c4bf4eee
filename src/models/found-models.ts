/**
 * Models that other programs keep on this machine, by name: those of Ollama (a manifest names a file by its hash), of LM Studio and of
 * llama.cpp. Reads what they wrote and changes nothing; what cannot be read, or names a file outside their folder, is left out.
 */

import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import * as v from 'valibot';
import { systemCacheFolder } from './cache-folder.ts';
import { ggufParts } from './gguf-parts.ts';
import { readJson } from './json.ts';

export interface FoundModel {
  /** As that program calls it: `llama3.2:1b`. */
  readonly name: string;
  readonly program: 'Ollama' | 'LM Studio' | 'llama.cpp';
  /** A GGUF file. */
  readonly place: string;
  readonly bytes: number;
}

/** Folders that are looked into, of each program the first that is there. */
export interface ProgramFolders {
  readonly ollama: readonly string[];
  readonly lmStudio: readonly string[];
  readonly llamaCpp: readonly string[];
}

const MOST_MODELS = 500;
const MOST_DEPTH = 5;
/** A manifest names a dozen files. */
const LARGEST_MANIFEST = 256 * 1024;

const manifestSchema = v.looseObject({
  layers: v.pipe(v.array(v.looseObject({ mediaType: v.string(), digest: v.string() })), v.maxLength(100)),
});

export function programFolders(environment: Readonly<Record<string, string | undefined>>): ProgramFolders {
  const { OLLAMA_MODELS, LLAMA_CACHE } = environment;
  const home = homedir();
  return {
    // The last is that of Ollama as a service on Linux.
    ollama: OLLAMA_MODELS
      ? [OLLAMA_MODELS]
      : [join(home, '.ollama', 'models'), join('/usr', 'share', 'ollama', '.ollama', 'models')],
    lmStudio: [join(home, '.lmstudio', 'models'), join(home, '.cache', 'lm-studio', 'models')],
    llamaCpp: [LLAMA_CACHE || join(systemCacheFolder(environment), 'llama.cpp')],
  };
}

/** By program and name. */
export async function foundModels({ ollama, lmStudio, llamaCpp }: ProgramFolders): Promise<FoundModel[]> {
  const found = await Promise.all([
    firstOf(ollama, ofOllama),
    firstOf(lmStudio, (folder) => ggufFiles(folder, 'LM Studio')),
    firstOf(llamaCpp, (folder) => ggufFiles(folder, 'llama.cpp')),
  ]);
  return found.flat();
}

async function firstOf(
  folders: readonly string[],
  look: (folder: string) => Promise<FoundModel[]>,
): Promise<FoundModel[]> {
  for (const folder of folders) {
    const models = await look(folder);
    if (models.length > 0) return models.sort((a, b) => a.name.localeCompare(b.name));
  }
  return [];
}

/** A manifest lies at manifests/registry/namespace/model/tag, and a file with the hash 0a.. is blobs/sha256-0a... */
async function ofOllama(folder: string): Promise<FoundModel[]> {
  const manifests = join(folder, 'manifests');
  const models: FoundModel[] = [];
  for (const file of await filesBelow(manifests)) {
    const [, namespace, model, tag, ...rest] = relative(manifests, file).split(sep);
    if (namespace === undefined || model === undefined || tag === undefined || rest.length > 0) continue;
    const options = { optional: true, limit: LARGEST_MANIFEST } as const;
    const manifest = await readJson(file, manifestSchema, options).catch(() => undefined);
    const digests = (manifest?.layers ?? []).flatMap(({ mediaType, digest }) =>
      mediaType === 'application/vnd.ollama.image.model' ? [digest] : [],
    );
    const [, hash] = /^sha256:([0-9a-f]{64})$/.exec(digests[0] ?? '') ?? [];
    // Of several files (an adapter, a model in parts) none is the whole model.
    if (hash === undefined || digests.length > 1) continue;
    const place = join(folder, 'blobs', `sha256-${hash}`);
    const bytes = await sizeOf(place);
    const owner = namespace === 'library' ? '' : `${namespace}/`;
    if (bytes !== undefined)
      models.push({ name: `${owner}${model}:${tag}`, program: 'Ollama', place, bytes });
  }
  return models;
}

async function ggufFiles(folder: string, program: FoundModel['program']): Promise<FoundModel[]> {
  const files = (await filesBelow(folder)).filter(
    (file) => /\.gguf$/i.test(file) && !/^mmproj/i.test(basename(file)) && ggufParts(file)[0] === file,
  );
  const models: FoundModel[] = [];
  for (const place of files) {
    const sizes = await Promise.all(ggufParts(place).map(sizeOf));
    if (sizes.includes(undefined)) continue;
    const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    models.push({ name: basename(place).replace(/\.gguf$/i, ''), program, place, bytes });
  }
  return models;
}

/** Links are not followed: they may lead round in circles. */
async function filesBelow(folder: string, depth = MOST_DEPTH): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const entry of entries.slice(0, MOST_MODELS)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && depth > 1) files.push(...(await filesBelow(path, depth - 1)));
    if (files.length > MOST_MODELS) break;
  }
  return files.slice(0, MOST_MODELS);
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
}
