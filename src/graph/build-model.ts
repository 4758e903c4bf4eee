/** The decode graph of a model folder with safetensors, built once and then taken from the cache. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDecoder } from './build-decoder.ts';
import { readConfig } from './config.ts';
import { cachedGraph, type StoredGraph, WEIGHTS_NAME } from './graph-cache.ts';
import { openSafetensorsFolder } from './safetensors-folder.ts';
import { createWeightsFile } from './weights-file.ts';

export interface BuildModelOptions {
  readonly folder: string;
  /** model.safetensors, or the index of several files. */
  readonly weightsFile: string;
  readonly cacheFolder: string;
  readonly precision: 'fp32' | 'q4';
  readonly contextLength: number;
  readonly onProgress: (progress: number) => void;
}

export async function buildModel(options: BuildModelOptions): Promise<StoredGraph> {
  const { folder, weightsFile, cacheFolder, precision, contextLength, onProgress } = options;
  const configFile = join(folder, 'config.json');
  return cachedGraph({
    cacheFolder,
    sources: [configFile, weightsFile, ...(await shards(folder))],
    settings: `${precision} ${contextLength}`,
    build: async (draft) => {
      const config = await readConfig(configFile);
      const source = await openSafetensorsFolder(folder);
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

async function shards(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .map((name) => join(folder, name));
}
