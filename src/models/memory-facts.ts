/** What an estimate of a model's memory is made from, read from its folder. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from './json.ts';
import type { ModelLayout } from './layout.ts';
import type { MemoryFacts, NetworkSizes } from './memory.ts';
import { readModelConfig } from './model-config.ts';
import { count } from './sizes.ts';

/** Some models have a list of them, one for each layer. */
const size = v.fallback(v.optional(count(1 << 24)), undefined);

/** The names are those of Hugging Face's config.json. */
const configSchema = v.object({
  hidden_size: size,
  intermediate_size: size,
  num_attention_heads: size,
  num_key_value_heads: size,
  head_dim: size,
});

const genaiSchema = v.object({
  model: v.object({
    decoder: v.object({
      hidden_size: size,
      num_attention_heads: size,
      num_key_value_heads: size,
      head_size: size,
    }),
  }),
});

export async function readMemoryFacts(layout: ModelLayout): Promise<MemoryFacts> {
  const { network = await networkOf(layout.folder) } = layout;
  const { precision, format, graphBytes, vocabularyRows, contextLength, layers } = layout;
  return {
    format,
    precision,
    fileBytes: graphBytes,
    readBytes: format === 'onnx' ? await sizeOf(layout.graph) : 0,
    tokenizerBytes: await sizeOf(layout.tokenizer),
    vocabulary: vocabularyRows,
    contextLength,
    layers,
    network,
  };
}

/** 0 where it is missing: that is said by whoever needs it. */
async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  );
}

async function networkOf(folder: string): Promise<NetworkSizes | undefined> {
  const config = await readModelConfig(join(folder, 'config.json'), configSchema);
  const all = await readJson(join(folder, 'genai_config.json'), genaiSchema, { optional: true });
  const genai = all?.model.decoder;
  const hidden = config?.hidden_size ?? genai?.hidden_size;
  const heads = config?.num_attention_heads ?? genai?.num_attention_heads;
  if (typeof hidden !== 'number' || typeof heads !== 'number') return undefined;
  return {
    hidden,
    heads,
    kvHeads: config?.num_key_value_heads ?? genai?.num_key_value_heads ?? heads,
    headDim: config?.head_dim ?? genai?.head_size ?? Math.ceil(hidden / heads),
    // Llama's is 8/3 of the width, others' up to 6.
    intermediate: config?.intermediate_size ?? 4 * hidden,
  };
}
