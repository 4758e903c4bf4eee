/** The tiny decoders from GGUF files: the graph that their safetensors give, and the logits of transformers. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildDecoder } from '../../src/graph/build-decoder.ts';
import type { ModelConfig } from '../../src/graph/config.ts';
import type { DecodeGraph } from '../../src/graph/decode-graph.ts';
import { openGgufModel } from '../../src/graph/gguf-model.ts';
import type { TensorSource } from '../../src/graph/tensor-source.ts';
import { createWeightsFile } from '../../src/graph/weights-file.ts';
import { openGraph } from '../../src/runtime/open-decoder.ts';
import { u32, type Written } from '../graph/gguf-bytes.ts';
import { tinyGguf } from '../graph/tiny-gguf.ts';
import { type TinyModel, tinyModel, tinySource } from '../graph/tiny-models.ts';
import { temporaryFolder } from '../programs.ts';
import { allRows, errors, TINY_CONTEXT } from './tiny-rows.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';

async function build(
  folder: string,
  {
    config,
    source,
    precision = 'fp32',
  }: { config: ModelConfig; source: TensorSource; precision?: 'fp32' | 'q4' },
): Promise<DecodeGraph> {
  mkdirSync(folder, { recursive: true });
  const weights = await createWeightsFile(join(folder, 'weights.bin'));
  const options = { file: 'tiny', config, source, weights, precision, contextLength: TINY_CONTEXT };
  return buildDecoder(options).finally(() => weights.close());
}

async function ggufOf(model: TinyModel, more: Record<string, Written> = {}) {
  const file = join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, tinyGguf(model, more));
  return openGgufModel(file);
}

describe('the tiny model as GGUF', () => {
  it.each([
    'gemma3 with a scaled rotation',
    'llama3 rotation',
    'linear rotation',
    'yarn rotation',
    'llama with biases',
    'smollm3',
  ])('%s gives the logits of transformers', async (name) => {
    const model = tinyModel(name);
    const { config, weights } = await ggufOf(model);
    const folder = temporaryFolder();
    const graph = await build(folder, { config, source: weights });
    await weights.close();
    const decoder = await openGraph(graph, { folder, threads: 1, contextLength: TINY_CONTEXT });
    const found = errors(model, await allRows(decoder, model.tokens));
    await decoder.release();
    expect(Math.max(...found)).toBeLessThan(2e-3);
  });

  it.each(['fp32', 'q4'] as const)(
    'of Gemma is to the last bit the graph that safetensors give, in %s',
    async (precision) => {
      const model = tinyModel('gemma3 with a scaled rotation');
      const { config, weights } = await ggufOf(model);
      const [one, other] = [temporaryFolder(), temporaryFolder()];
      const fromGguf = await build(one, { config, source: weights, precision });
      await weights.close();
      const fromTensors = await build(other, { config: model.config, source: tinySource(model), precision });
      expect(fromGguf.shape).toEqual(fromTensors.shape);
      expect(Buffer.compare(fromGguf.model, fromTensors.model)).toBe(0);
      const stored = (folder: string): Buffer => readFileSync(join(folder, 'weights.bin'));
      expect(Buffer.compare(stored(one), stored(other))).toBe(0);
    },
  );

  it('of Gemma without a window sees all, and takes a pattern as a period or layer by layer', async () => {
    const model = tinyModel('gemma3');
    const windowsOf = async (more: Record<string, Written>) => {
      const { config, weights } = await ggufOf(model, more);
      await weights.close();
      return config.windows;
    };
    const key = 'gemma3.attention.sliding_window_pattern';
    expect(await windowsOf({})).toEqual(model.config.windows);
    expect(await windowsOf({ [key]: u32(2) })).toEqual([24, null, 24, null, 24, null]);
    const flags = [true, false, false, false, false, true];
    expect(await windowsOf({ [key]: { type: 7, items: flags } })).toEqual([24, null, null, null, null, 24]);
    const { config, weights } = await ggufOf({ ...model, config: { ...model.config, windows: [null] } });
    await weights.close();
    expect(config.windows).toEqual(Array.from({ length: 6 }, () => null));
    expect(config.rotations).toEqual(Array.from({ length: 6 }, () => 'global'));
  });
});
