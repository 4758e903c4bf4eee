/**
 * Graphs that were built from tensors, kept on disk. An entry is a folder named by what it was built from; it is written beside
 * its place and moved there when it is whole, so that another process sees all of it or nothing. What is damaged is built anew:
 * weights are compared with their hash once after every start of the machine, and whenever their file was written to.
 */

import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { sha256Of, syncFile } from '../models/stored-file.ts';
import { ChorusError, diskFull, isDiskFull } from '../protocol/failure.ts';
import { contentHash, identity } from './content-hash.ts';
import type { DecodeGraph } from './decode-graph.ts';
import { draftName } from './drafts.ts';

/** Raised whenever the same tensors would give another graph. */
const BUILDER_VERSION = 4;

/** Of each file this much is hashed for a fingerprint, besides its size and time: the header, which names every tensor. */
const HASHED_BYTES = 1024 * 1024;

/** Each try meets another process that moved something at the same moment. */
const MOST_TRIES = 5;

export interface CacheOptions {
  readonly cacheFolder: string;
  /** Files that the graph is built from. */
  readonly sources: readonly string[];
  /** What else decides what is built. */
  readonly settings: string;
  /** Builds the graph and writes its weights to `folder`. */
  readonly build: (folder: string) => Promise<DecodeGraph>;
}

export interface StoredGraph {
  readonly graph: DecodeGraph;
  /** Where its weights are. */
  readonly folder: string;
  readonly built: boolean;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const recordSchema = v.strictObject({
  shape: v.strictObject({
    layers: count,
    windows: v.pipe(v.array(v.nullable(count)), v.readonly()),
    experts: count,
    kvHeads: count,
    headDim: count,
    queriesPerHead: count,
    wantsPositions: v.boolean(),
    vocabulary: count,
  }),
  /** SHA-256 of the model. */
  model: v.string(),
  weightsBytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** SHA-256 of the weights. */
  weights: v.string(),
});

/** That the weights were compared with their hash. */
const checkSchema = v.strictObject({
  /** What the file was then (content-hash.ts). */
  identity: v.string(),
  /** Milliseconds since 1970. */
  at: v.number(),
});

const files = { model: 'decoder.onnx', weights: 'weights.bin', record: 'graph.json' } as const;
const CHECK = 'checked.json';
export const WEIGHTS_NAME = files.weights;

/** The graph from the cache, or built and kept there. */
export async function cachedGraph(options: CacheOptions): Promise<StoredGraph> {
  const { cacheFolder } = options;
  const { place, graph: found } = await findGraph(options);
  if (found !== undefined) return { graph: found, folder: place, built: false };

  const draft = draftName(place);
  try {
    await mkdir(draft, { recursive: true });
    const graph = await options.build(draft);
    await writeEntry(draft, graph);
    await moveInto(draft, place);
    return { graph, folder: place, built: true };
  } catch (thrown) {
    throw cacheError(cacheFolder, thrown);
  } finally {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
  }
}

/** Where the graph is kept, whether it is there or not. */
export async function graphPlace({
  cacheFolder,
  sources,
  settings,
}: Omit<CacheOptions, 'build'>): Promise<string> {
  const contents: string[] = [];
  for (const source of sources) contents.push(await contentHash(source, cacheFolder));
  const key = sha256(Buffer.from(JSON.stringify([BUILDER_VERSION, settings, contents]))).slice(0, 40);
  return join(cacheFolder, 'graphs', key);
}

/** Where the graph is kept, and the graph where it is there. */
export async function findGraph(options: Omit<CacheOptions, 'build'>): Promise<{
  readonly place: string;
  readonly graph: DecodeGraph | undefined;
}> {
  const place = await graphPlace(options);
  return { place, graph: await readEntry(place) };
}

/** A name for what is made of the files `sources` under `settings`: another one once a file has another size, time or header. */
export async function fingerprint(sources: readonly string[], settings: string): Promise<string> {
  const hash = createHash('sha256').update(settings);
  for (const source of sources) {
    const handle = await open(source, 'r');
    try {
      const { size, mtimeMs } = await handle.stat();
      const start = new Uint8Array(Math.min(size, HASHED_BYTES));
      await handle.read(start, 0, start.length, 0);
      hash.update(JSON.stringify([size, mtimeMs])).update(start);
    } finally {
      await handle.close();
    }
  }
  return hash.digest('hex').slice(0, 40);
}

/** The graph in `folder`, or undefined where it is not there, or not whole. */
async function readEntry(folder: string): Promise<DecodeGraph | undefined> {
  try {
    const record = v.parse(recordSchema, JSON.parse(await readFile(join(folder, files.record), 'utf8')));
    const model = new Uint8Array(await readFile(join(folder, files.model)));
    const { size } = await stat(join(folder, files.weights));
    if (size !== record.weightsBytes || sha256(model) !== record.model) return undefined;
    return (await hasWeights(folder, record.weights)) ? { model, shape: record.shape } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the weights are those that were written, as far as was looked at since the machine started. */
async function hasWeights(folder: string, hash: string): Promise<boolean> {
  const file = join(folder, files.weights);
  const { name } = await identity(file);
  const check = await readCheck(folder);
  if (check?.identity === name && check.at >= Date.now() - 1000 * uptime()) return true;
  if ((await sha256Of(file)) !== hash) return false;
  // Where it cannot be noted, the weights are compared again the next time.
  await noteCheck(folder, name).catch(() => {});
  return true;
}

async function noteCheck(folder: string, name: string): Promise<void> {
  const place = join(folder, CHECK);
  const draft = draftName(place);
  await writeFile(draft, JSON.stringify({ identity: name, at: Date.now() }));
  await rename(draft, place);
}

async function readCheck(folder: string): Promise<v.InferOutput<typeof checkSchema> | undefined> {
  try {
    return v.parse(checkSchema, JSON.parse(await readFile(join(folder, CHECK), 'utf8')));
  } catch {
    return undefined;
  }
}

async function writeEntry(folder: string, { model, shape }: DecodeGraph): Promise<void> {
  const { size } = await stat(join(folder, files.weights));
  await writeFile(join(folder, files.model), model);
  const weights = await sha256Of(join(folder, files.weights));
  const record = { shape, model: sha256(model), weightsBytes: size, weights } satisfies v.InferOutput<
    typeof recordSchema
  >;
  await writeFile(join(folder, files.record), JSON.stringify(record));
  // On the disk before it is moved: a name never stands for what a crash left half written.
  for (const name of Object.values(files)) await syncFile(join(folder, name));
  await noteCheck(folder, (await identity(join(folder, files.weights))).name);
}

/** Moves the draft to its place; another process that was there first with a whole one wins. */
async function moveInto(draft: string, place: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await rename(draft, place);
      return;
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      const taken = code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM';
      if (!taken || tries === MOST_TRIES) throw thrown;
    }
    if ((await readEntry(place)) !== undefined) return;
    // Another process may do the same at this moment: who comes too late finds nothing to move.
    const damaged = draftName(place);
    await rename(place, damaged).catch(() => {});
    await rm(damaged, { recursive: true, force: true });
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What went wrong with a file of the cache, as a sentence; anything else as it is. */
export function cacheError(folder: string, thrown: unknown): unknown {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (thrown instanceof ChorusError || !(thrown instanceof Error) || code === undefined) return thrown;
  if (isDiskFull(thrown)) return diskFull(folder);
  return new ChorusError(
    'file-unreadable',
    `What is made of this model cannot be kept in ${folder}: ${message}. Check its permissions.`,
    folder,
  );
}
