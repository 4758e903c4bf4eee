/** What lies beside the weights of a merged model: config, tokenizer, and a manifest that says how it was made. */

import { copyFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../models/json.ts';
import type { MergeInput } from './inputs.ts';
import type { Recipe, StoredType } from './recipe.ts';

/** Copied where they are there. */
const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
];
const configFiles = ['generation_config.json'];

const typeNames = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const;
/** Version of the record in chorus.json. */
const RECORD = 1;

export interface ResultOptions {
  readonly recipe: Recipe;
  /** Whose config the result gets. */
  readonly first: MergeInput;
  /** Whose tokenizer. */
  readonly tokenizer: MergeInput;
  readonly type: StoredType;
  readonly seed: number;
  readonly name: string;
  /** How it completes: its `completion` in chorus.json, absent for the family's. */
  readonly completion: unknown;
  /** More for the record. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Bytes of the files that will be copied. */
export async function copiedBytes({
  first,
  tokenizer,
}: Pick<ResultOptions, 'first' | 'tokenizer'>): Promise<number> {
  let sum = 0;
  for (const [folder, names] of sourcesOf({ first, tokenizer })) {
    for (const name of names) sum += (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
  }
  return sum;
}

export async function writeResultFiles(folder: string, options: ResultOptions): Promise<void> {
  const { first, tokenizer, type } = options;
  for (const [from, names] of sourcesOf({ first, tokenizer })) {
    const there = new Set(await readdir(from));
    for (const name of names) if (there.has(name)) await copyFile(join(from, name), join(folder, name));
  }
  const { torch_dtype: _, ...config } = first.config;
  await writeJson(join(folder, 'config.json'), {
    ...config,
    dtype: typeNames[type],
    torch_dtype: typeNames[type],
  });
  await writeJson(join(folder, 'chorus.json'), await manifestOf(options));
}

function sourcesOf({ first, tokenizer }: Pick<ResultOptions, 'first' | 'tokenizer'>) {
  return [
    [tokenizer.folder, tokenizerFiles],
    [first.folder, configFiles],
  ] as const;
}

const manifestSchema = v.looseObject({
  licence: v.optional(v.unknown()),
  completion: v.optional(v.looseObject({ infill: v.optional(v.unknown()) })),
});

/** What `chorus.json` in `folder` says of completing; undefined where it says nothing. */
export async function completionOf(folder: string): Promise<Completion | undefined> {
  return (await readJson(join(folder, 'chorus.json'), manifestSchema, { optional: true }))?.completion;
}

type Completion = NonNullable<v.InferOutput<typeof manifestSchema>['completion']>;

/** The first that knows fill-in-the-middle, since a merge with it knows something of it too; else the first of all. */
export async function completionOfAll(folders: readonly string[]): Promise<Completion | undefined> {
  const all: Completion[] = [];
  for (const folder of folders) {
    const found = await completionOf(folder);
    if (found !== undefined) all.push(found);
  }
  return all.find(({ infill }) => infill !== undefined) ?? all[0];
}

async function manifestOf(options: ResultOptions): Promise<object> {
  const { recipe, first, type, seed, name, completion, details = {} } = options;
  const own = await readJson(join(first.folder, 'chorus.json'), manifestSchema, { optional: true });
  const { method, base, models, slices, parameters } = recipe;
  const source = (one: Recipe['models'][number]) => ({ ...one, model: shortName(one.model) });
  return {
    name,
    summary: `Merged by ${method} from ${models.map(({ model }) => shortName(model)).join(', ')}.`.slice(
      0,
      1000,
    ),
    ...(own?.licence !== undefined && { licence: own.licence }),
    ...(completion !== undefined && completion !== null && { completion }),
    merge: {
      record: RECORD,
      merge_method: method,
      ...(base !== undefined && { base_model: shortName(base) }),
      models: models.map(source),
      ...(slices.length > 0 && {
        slices: slices.map((slice) => ({ ...slice, sources: slice.sources.map(source) })),
      }),
      parameters,
      dtype: typeNames[type],
      random_seed: seed,
      vocabulary: first.vocabulary,
      ...details,
    },
  };
}

/** A recipe may name folders of this machine, which are nobody else's business: the last two parts stay. */
export function shortName(model: string): string {
  return model
    .split('+')
    .map((part) =>
      part
        .split(/[\\/]/)
        .filter((step) => step !== '' && step !== '.' && step !== '..')
        .slice(-2)
        .join('/'),
    )
    .join('+');
}

async function writeJson(file: string, value: object): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
