/**
 * What a path that a user names is as an expert: a model's folder or a GGUF file, whichever of its files was meant. Looks at names and the
 * first bytes alone; whether the model can be used is found out by whoever reads it.
 */

import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { ChorusError } from '../protocol/failure.ts';
import { beginsAsGguf, folderHolds } from './folder-kind.ts';
import { ggufParts } from './gguf-parts.ts';

export type ImportPlace =
  | { readonly kind: 'one'; readonly place: string; readonly name: string }
  /** A folder of several: which of them is for the user to say. */
  | { readonly kind: 'several'; readonly places: readonly string[] };

/** Of a folder with more entries only so many are looked into. */
const MOST_ENTRIES = 500;

/** May hold a program, which runs when they are read. */
const pickles = new Set(['.bin', '.pt', '.pth', '.ckpt', '.pkl', '.pickle']);
const archives = new Set(['.zip', '.tar', '.gz', '.tgz', '.7z', '.rar', '.xz', '.zst']);
/** A part of the model that lies in the same folder. */
const parts = /^(adapter_model|model(-\d{5}-of-\d{5})?)\.safetensors$|\.json$/i;

/** Rejects with a `ChorusError`: what is there, and what to name instead. */
export async function importPlace(path: string): Promise<ImportPlace> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new ChorusError('file-missing', `${path} is not there, or cannot be read. Check the path.`, path);
  }
  const whole = resolve(path);
  if (found.isDirectory()) return placeOfFolder(whole);
  if (found.isFile()) return placeOfFile(whole);
  throw refused(path, 'it is neither a file nor a folder', 'Name the folder or the file of a model.');
}

async function placeOfFile(file: string): Promise<ImportPlace> {
  const name = basename(file);
  const kind = extname(name).toLowerCase();
  if (await beginsAsGguf(file)) return one(ggufParts(file)[0] ?? file);
  if (await isPointer(file)) {
    const remedy = `Run "git lfs pull" in its folder, or download the file itself.`;
    throw refused(file, 'it is only a pointer of Git LFS to the file', remedy);
  }
  if (kind === '.gguf') {
    throw refused(file, 'it is not a GGUF file, whatever its name says', 'Download the model again.');
  }
  if (parts.test(name)) return placeOfFolder(dirname(file));
  if (kind === '.onnx' || /\.onnx[._]data$/i.test(name)) {
    const folder = dirname(file);
    return placeOfFolder(basename(folder) === 'onnx' ? dirname(folder) : folder);
  }
  if (kind === '.safetensors') {
    const remedy = `Name the model's folder, in which it is called model.safetensors beside config.json and tokenizer.json.`;
    throw refused(file, 'tensors are not read under this name', remedy);
  }
  if (pickles.has(kind)) throw pickle(file);
  if (archives.has(kind)) throw refused(file, 'it is an archive', 'Unpack it, and import the folder.');
  throw refused(file, 'it is no model of a kind that Chorus reads', wanted);
}

const wanted =
  'Chorus reads GGUF files, folders with safetensors or ONNX and their config.json and tokenizer.json, and LoRA adapters as PEFT writes them.';

async function placeOfFolder(folder: string): Promise<ImportPlace> {
  const names = await entriesOf(folder);
  const snapshot = await snapshotOf(folder, names);
  if (snapshot !== undefined) {
    const held = await placeOfFolder(snapshot);
    return held.kind === 'one' ? { ...held, name: hubName(basename(folder)) } : held;
  }
  const held = folderHolds(names);
  if (held.kind === 'model' || held.kind === 'adapter') return one(folder);
  const models = firstParts(held.files);
  const [only] = models;
  if (only !== undefined)
    return chosen(models.length === 1 ? [folder] : models.map((name) => join(folder, name)));
  if (basename(folder) === 'onnx' && names.some((name) => name.endsWith('.onnx'))) {
    return placeOfFolder(dirname(folder));
  }
  const below = await placesBelow(folder, names);
  if (below.length > 0) return chosen(below);
  const hasPickle = names.find((name) => pickles.has(extname(name).toLowerCase()));
  if (hasPickle !== undefined) throw pickle(join(folder, hasPickle));
  throw refused(folder, 'there is no model of a kind that Chorus reads', wanted);
}

function chosen(places: readonly string[]): ImportPlace {
  const [first] = places;
  return first !== undefined && places.length === 1 ? one(first) : { kind: 'several', places };
}

function one(place: string): ImportPlace {
  return { kind: 'one', place, name: basename(place).replace(/\.gguf$/i, '') };
}

/** One name for each model; what only sees pictures for another model is none. */
function firstParts(files: readonly string[]): string[] {
  const models = files.filter((name) => !/^mmproj/i.test(name));
  return [...new Set(models.map((name) => ggufParts(name)[0] ?? name))].sort();
}

/** Models one folder down, as programs keep them that have a folder for each. */
async function placesBelow(folder: string, names: readonly string[]): Promise<string[]> {
  const places: string[] = [];
  for (const name of names) {
    const below = join(folder, name);
    const held = folderHolds(await entriesOf(below));
    if (held.kind !== 'files') places.push(below);
    else places.push(...firstParts(held.files).map((file) => join(below, file)));
  }
  return places.sort();
}

async function entriesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.slice(0, MOST_ENTRIES);
}

/** Of a folder in the cache of Hugging Face's programs (models--org--name) the files of the revision that is current. */
async function snapshotOf(folder: string, names: readonly string[]): Promise<string | undefined> {
  if (!names.includes('snapshots') || !names.includes('refs')) return undefined;
  const revisions = await entriesOf(join(folder, 'snapshots'));
  const main = (await readFile(join(folder, 'refs', 'main'), 'utf8').catch(() => '')).trim();
  const current = revisions.find((name) => name === main) ?? revisions[0];
  return current === undefined ? undefined : join(folder, 'snapshots', current);
}

function hubName(name: string): string {
  return name.split('--').at(-1) ?? name;
}

async function isPointer(file: string): Promise<boolean> {
  const start = 'version https://git-lfs';
  const handle = await open(file, 'r').catch(() => undefined);
  try {
    const { buffer, bytesRead } = (await handle?.read(Buffer.alloc(start.length))) ?? {};
    return buffer?.toString('latin1', 0, bytesRead) === start;
  } finally {
    await handle?.close();
  }
}

function pickle(file: string): ChorusError {
  const why = 'files of PyTorch can hold programs, which run when they are read';
  return refused(file, why, 'Download the model as safetensors or GGUF.');
}

function refused(path: string, why: string, remedy: string): ChorusError {
  return new ChorusError('unsupported', `${path} cannot be imported: ${why}. ${remedy}`, path);
}
