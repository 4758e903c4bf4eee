/**
 * A GGUF file as a model like any other: its tokenizer becomes a tokenizer.json in the cache, and what its header says of the
 * network a layout. Reading the header of a large vocabulary takes a second, so what it says is kept beside the tokenizer.
 */

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { ggufParts } from '../models/gguf-parts.ts';
import { builtPrecision, type GraphPrecision, type ModelLayout, usualNames } from '../models/layout.ts';
import { count, MOST_LAYERS, MOST_POSITIONS, MOST_TOKENS } from '../models/sizes.ts';
import { longestContext } from './build-decoder.ts';
import { draftName, sweepDrafts } from './drafts.ts';
import { openGgufModel } from './gguf-model.ts';
import { cacheError, fingerprint } from './graph-cache.ts';

/** Raised whenever the same file would give other contents. */
const VERSION = 3;

const width = count(1 << 24);
const recordSchema = v.strictObject({
  vocabularyRows: count(MOST_TOKENS),
  contextLength: count(MOST_POSITIONS),
  layers: count(MOST_LAYERS),
  endTokens: v.array(v.number()),
  network: v.strictObject({
    hidden: width,
    intermediate: width,
    heads: width,
    kvHeads: width,
    headDim: width,
  }),
});

type Description = v.InferOutput<typeof recordSchema>;

const files = {
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  record: 'model.json',
} as const;

/** The layout of `file`; a manifest may lie beside it. Every wrong or unsupported part is a `ChorusError` that names it. */
export async function ggufLayout(
  file: string,
  wanted: GraphPrecision,
  cacheFolder: string,
): Promise<ModelLayout> {
  const parts = ggufParts(file);
  // Where one is missing, whoever opens the model says so.
  const present = await Promise.all(parts.map((part) => sizeOf(part)));
  const found = parts.filter((_, i) => present[i] !== undefined);
  const folder = join(cacheFolder, 'gguf', await fingerprint(found, String(VERSION)));
  const description = (await known(folder)) ?? (await unpack(file, folder, cacheFolder));
  return {
    folder: dirname(file),
    format: 'gguf',
    graph: file,
    precision: builtPrecision(wanted),
    graphBytes: present.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    tokenizer: join(folder, files.tokenizer),
    tokenizerConfig: join(folder, files.tokenizerConfig),
    manifest: join(dirname(file), 'chorus.json'),
    ...description,
    kvNames: usualNames,
  };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** What was found before; undefined where that is not there, or not whole. */
async function known(folder: string): Promise<Description | undefined> {
  try {
    return v.parse(recordSchema, JSON.parse(await readFile(join(folder, files.record), 'utf8')));
  } catch {
    return undefined;
  }
}

async function unpack(file: string, folder: string, cacheFolder: string): Promise<Description> {
  const { config, tokenizer, weights } = await openGgufModel(file);
  await weights.close();
  const description: Description = {
    vocabularyRows: config.vocabulary,
    contextLength: longestContext(config),
    layers: config.layers,
    endTokens: [...config.endTokens],
    network: {
      hidden: config.hiddenSize,
      intermediate: config.intermediateSize,
      heads: config.heads,
      kvHeads: config.kvHeads,
      headDim: config.headDim,
    },
  };
  try {
    await mkdir(folder, { recursive: true });
    await sweepDrafts(folder);
    // The record comes last: where it is, the others are whole.
    await writeWhole(join(folder, files.tokenizer), tokenizer.tokenizer);
    await writeWhole(join(folder, files.tokenizerConfig), tokenizer.config);
    await writeWhole(join(folder, files.record), description);
  } catch (thrown) {
    throw cacheError(cacheFolder, thrown);
  }
  return description;
}

/** Another process that does the same at this moment writes the same. */
async function writeWhole(file: string, json: object): Promise<void> {
  const draft = draftName(file);
  try {
    await writeFile(draft, JSON.stringify(json));
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
