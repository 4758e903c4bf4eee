/** Graphs of the tiny decoders, built in a folder of their own. */

import { join } from 'node:path';
import type { Adapter } from '../../src/graph/adapter.ts';
import { buildDecoder } from '../../src/graph/build-decoder.ts';
import type { ModelConfig } from '../../src/graph/config.ts';
import type { DecodeGraph } from '../../src/graph/decode-graph.ts';
import { createWeightsFile } from '../../src/graph/weights-file.ts';
import { type TinyModel, tinySource } from '../graph/tiny-models.ts';
import { temporaryFolder } from '../programs.ts';
import { TINY_CONTEXT } from './tiny-rows.ts';

export interface TinyOptions {
  readonly precision?: 'fp32' | 'q4';
  readonly adapters?: readonly (Adapter | null)[];
  /** Makes another model of it. */
  readonly change?: (config: ModelConfig) => ModelConfig;
}

export async function placeTiny(
  model: TinyModel,
  { precision = 'fp32', adapters = [null], change = (same) => same }: TinyOptions = {},
): Promise<{ readonly graph: DecodeGraph; readonly folder: string }> {
  const folder = temporaryFolder();
  const weights = await createWeightsFile(join(folder, 'weights.bin'));
  const graph = await buildDecoder({
    file: 'tiny',
    config: change(model.config),
    source: tinySource(model),
    weights,
    precision,
    adapters,
    contextLength: TINY_CONTEXT,
  }).finally(() => weights.close());
  return { graph, folder };
}
