/** A model that is merged: its tensors under Hugging Face's names, its config, and its vocabulary. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { openAdapter } from '../graph/adapter.ts';
import { openExportTensors } from '../graph/export-tensors.ts';
import { openSafetensorsFolder } from '../graph/safetensors-folder.ts';
import type { TensorSource } from '../graph/tensor-source.ts';
import { baseOf } from '../models/adapter-base.ts';
import { folderKind } from '../models/folder-kind.ts';
import { readJson } from '../models/json.ts';
import { count, MOST_LAYERS } from '../models/sizes.ts';
import { readTokenTable } from '../models/token-table.ts';
import { ChorusError } from '../protocol/failure.ts';
import { adaptedSource } from './adapted-source.ts';

/** What a config.json says; kept whole, since the result gets it. */
const configSchema = v.looseObject({
  num_hidden_layers: count(MOST_LAYERS),
  model_type: v.string(),
  tie_word_embeddings: v.optional(v.boolean(), false),
});

export type Config = v.InferOutput<typeof configSchema>;

export interface MergeInput {
  /** As the recipe names it. */
  readonly model: string;
  /** Of the model, or of an adapter's base: config and tokenizer are there. */
  readonly folder: string;
  readonly source: TensorSource;
  readonly config: Config;
  /** Hash of the tokenizer's token table. */
  readonly vocabulary: string;
}

export type FolderOf = (model: string) => string;

export interface InputOptions {
  readonly folderOf: FolderOf;
  /** Folders of the other models, among which an adapter's base is looked for. */
  readonly folders: readonly string[];
}

/** Opens `model`: a folder's name, or `base+adapter`. */
export async function openInput(model: string, { folderOf, folders }: InputOptions): Promise<MergeInput> {
  const folder = folderOf(model);
  const plus = model.indexOf('+');
  // A folder may have a plus in its own name.
  if (plus > 0 && !(await anyThere(folder, ['']))) {
    return openAdapted(model, folderOf(model.slice(0, plus)), folderOf(model.slice(plus + 1)));
  }
  const found = await folderKind(folder);
  switch (found.kind) {
    case 'model':
      return openWhole(model, folder);
    case 'adapter':
      return openAdapted(model, await baseOf(folder, { folders }), folder);
    case 'gguf':
      throw new ChorusError(
        'unsupported',
        `${found.file} cannot be merged: GGUF is mostly quantised. Use the folder of the model's safetensors files.`,
        found.file,
      );
    default:
      return found satisfies never;
  }
}

async function openWhole(model: string, folder: string): Promise<MergeInput> {
  const config = await readJson(join(folder, 'config.json'), configSchema);
  const { hash } = await readTokenTable(join(folder, 'tokenizer.json'));
  const hasTensors = await anyThere(folder, ['model.safetensors', 'model.safetensors.index.json']);
  const source = hasTensors ? await openSafetensorsFolder(folder) : await openExportTensors(folder);
  return { model, folder, source, config, vocabulary: hash };
}

async function openAdapted(model: string, folder: string, adapterFolder: string): Promise<MergeInput> {
  const base = await openWhole(model, folder);
  try {
    const adapter = await openAdapter(adapterFolder, base.source.tensors);
    return { ...base, source: adaptedSource(base.source, adapter) };
  } catch (thrown) {
    await base.source.close();
    throw thrown;
  }
}

async function anyThere(folder: string, names: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
