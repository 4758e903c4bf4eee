/** The decode graph of a model that comes as tensors, safetensors or GGUF, built once and then taken from the cache. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ggufParts } from '../models/gguf-parts.ts';
import type { BuiltPrecision } from '../models/layout.ts';
import { buildDecoder } from './build-decoder.ts';
import { type ModelConfig, readConfig } from './config.ts';
import { openGgufModel } from './gguf-model.ts';
import { cachedGraph, findGraph, graphPlace, type StoredGraph, WEIGHTS_NAME } from './graph-cache.ts';
import { readOnnx } from './onnx-read.ts';
import { withAdapters } from './open-adapters.ts';
import { openSafetensorsFolder } from './safetensors-folder.ts';
import type { TensorSource } from './tensor-source.ts';
import { textTensors } from './text-tensors.ts';
import { createWeightsFile, withinModel } from './weights-file.ts';

export interface BuildModelOptions {
  readonly format: 'safetensors' | 'gguf';
  /** Of safetensors: with their config.json. */
  readonly folder: string;
  /** model.safetensors, or the index of several files; or the GGUF file. */
  readonly weightsFile: string;
  readonly cacheFolder: string;
  readonly precision: BuiltPrecision;
  readonly contextLength: number;
  readonly onProgress: (progress: number) => void;
}

export type ModelToBuild = Omit<BuildModelOptions, 'onProgress'>;

/** What is built of a model with this layout; the graph is the same whatever limit its context has. */
export function modelToBuild({
  format,
  folder,
  graph,
  cacheFolder,
  precision,
  contextLength,
}: {
  readonly format: BuildModelOptions['format'];
  readonly folder: string;
  readonly graph: string;
  readonly cacheFolder: string;
  readonly precision: string;
  readonly contextLength: number;
}): ModelToBuild {
  return {
    format,
    folder,
    weightsFile: graph,
    cacheFolder,
    precision: precision === 'fp32' || precision === 'q8' ? precision : 'q4',
    contextLength,
  };
}

/** The graph of the model alone, or of several experts over it; where it is, its weights are. */
export async function buildModel(
  options: BuildModelOptions,
  adapters: readonly (string | null)[] = [null],
): Promise<Omit<StoredGraph, 'built'>> {
  const base = await buildBase(options);
  if (adapters.every((adapter) => adapter === null) && adapters.length === 1) return base;
  const { weightsFile, precision, contextLength } = options;
  const { tensors } = readOnnx(base.graph.model, '', weightsFile);
  const { config, source } = await openModel(options);
  try {
    const graph = await withAdapters(adapters, source.tensors, (opened) =>
      buildDecoder({
        file: weightsFile,
        config,
        source,
        weights: withinModel,
        precision,
        contextLength,
        adapters: opened,
        // Nothing of the base is read, quantised or stored again.
        stored: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      }),
    );
    return { graph, folder: base.folder };
  } finally {
    await source.close();
  }
}

/** Where the graph of the model alone is kept, whether it is there or not. */
export async function builtPlace(options: ModelToBuild): Promise<string> {
  return graphPlace(await cacheEntry(options));
}

/** That, and whether it is there. */
export async function builtModel(
  options: ModelToBuild,
): Promise<{ readonly place: string; readonly isThere: boolean }> {
  const { place, graph } = await findGraph(await cacheEntry(options));
  return { place, isThere: graph !== undefined };
}

async function cacheEntry(options: ModelToBuild) {
  const { cacheFolder, precision, contextLength } = options;
  return { cacheFolder, sources: await sourceFiles(options), settings: `${precision} ${contextLength}` };
}

async function buildBase(options: BuildModelOptions): Promise<StoredGraph> {
  const { weightsFile, precision, contextLength, onProgress } = options;
  return cachedGraph({
    ...(await cacheEntry(options)),
    build: async (draft) => {
      const { config, source } = await openModel(options);
      const weights = await createWeightsFile(join(draft, WEIGHTS_NAME));
      try {
        return await buildDecoder({
          file: weightsFile,
          config,
          source,
          weights,
          precision,
          contextLength,
          onProgress,
        });
      } finally {
        await weights.close();
        await source.close();
      }
    },
  });
}

type Place = Pick<BuildModelOptions, 'format' | 'folder' | 'weightsFile'>;

/** The tensors under Hugging Face's names, and what they are tensors of. */
export async function openModel({
  format,
  folder,
  weightsFile,
}: Place): Promise<{ readonly config: ModelConfig; readonly source: TensorSource }> {
  switch (format) {
    case 'safetensors':
      return {
        config: await readConfig(join(folder, 'config.json')),
        source: textTensors(await openSafetensorsFolder(folder)),
      };
    case 'gguf': {
      const { config, weights } = await openGgufModel(weightsFile);
      return { config, source: weights };
    }
    default:
      return format satisfies never;
  }
}

async function sourceFiles({ format, folder, weightsFile }: Place): Promise<string[]> {
  if (format === 'gguf') return ggufParts(weightsFile);
  const names = await readdir(folder);
  const shards = names.filter((name) => name.endsWith('.safetensors')).sort();
  return [join(folder, 'config.json'), weightsFile, ...shards.map((name) => join(folder, name))];
}
