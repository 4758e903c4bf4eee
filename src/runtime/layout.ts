/** The layout of whatever may be an expert: a model's folder, one GGUF file, or an adapter of such a model. */

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ggufLayout } from '../graph/gguf-layout.ts';
import { type BaseHints, baseOf } from '../models/adapter-base.ts';
import { folderKind } from '../models/folder-kind.ts';
import { type GraphPrecision, type ModelLayout, readLayout } from '../models/layout.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';

export interface LayoutOptions extends BaseHints {
  /** A folder, or a GGUF file. */
  readonly folder: string;
  readonly precision: GraphPrecision;
  /** Where graphs that are built from tensors, and tokenizers taken from GGUF files, are kept. */
  readonly cacheFolder: string;
}

/** Of an adapter everything is the base's but for its manifest and the file with its chat template, where it has them. */
export interface ExpertLayout extends ModelLayout {
  readonly adapter: AdapterPlace | undefined;
}

export interface AdapterPlace {
  readonly folder: string;
  readonly bytes: number;
  /** What it is an adapter of: a folder, or a GGUF file. */
  readonly base: string;
  /** The base's chorus.json, for what the adapter's own does not say. */
  readonly baseManifest: string;
}

/** Rejects with a `ChorusError` that names the file at fault and the remedy. */
export async function layoutOf(options: LayoutOptions): Promise<ExpertLayout> {
  const { folder, precision, cacheFolder } = options;
  const found = await folderKind(folder);
  switch (found.kind) {
    case 'model':
      return { ...(await readLayout(folder, precision)), adapter: undefined };
    case 'gguf':
      return { ...(await ggufLayout(found.file, precision, cacheFolder)), adapter: undefined };
    case 'adapter': {
      const base = await baseOf(folder, { fetched: modelsFolder(cacheFolder), ...options });
      if ((await folderKind(base)).kind === 'adapter') throw chained(folder, base);
      const layout = await layoutOf({ folder: base, precision, cacheFolder });
      const own = join(folder, 'tokenizer_config.json');
      return {
        ...layout,
        manifest: join(folder, 'chorus.json'),
        tokenizerConfig: (await sizeOf(own)) === undefined ? layout.tokenizerConfig : own,
        adapter: {
          folder: resolve(folder),
          base,
          bytes: (await sizeOf(join(folder, 'adapter_model.safetensors'))) ?? 0,
          baseManifest: layout.manifest,
        },
      };
    }
    default:
      return found satisfies never;
  }
}

function chained(folder: string, base: string): ChorusError {
  return new ChorusError(
    'unsupported',
    `${folder} is an adapter of ${base}, which is an adapter itself. Name the model that both were trained on as its base.`,
    folder,
  );
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
