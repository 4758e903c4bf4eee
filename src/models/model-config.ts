/**
 * The config.json of a model folder, flat. Models of text and pictures keep what their language model is made of in
 * `text_config`, and leave out what is as their family has it by default.
 */

import * as v from 'valibot';
import { checkJson, readJson } from './json.ts';

const nestedSchema = v.looseObject({
  model_type: v.optional(v.unknown()),
  text_config: v.optional(v.unknown()),
});

/** Of Gemma3TextConfig in transformers, by the `model_type` of the whole. */
const textDefaults: ReadonlyMap<unknown, Readonly<Record<string, unknown>>> = new Map([
  [
    'gemma3',
    {
      model_type: 'gemma3_text',
      vocab_size: 262_208,
      hidden_size: 2304,
      intermediate_size: 9216,
      num_hidden_layers: 26,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      head_dim: 256,
      max_position_embeddings: 131_072,
    },
  ],
]);

/** Reads `file` against `schema`, whose names are those of a config of text alone; undefined where it is not there. */
export async function readModelConfig<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  const whole = await readJson(file, nestedSchema, { optional: true });
  return whole === undefined ? undefined : checkJson(file, flat(whole), schema);
}

function flat(whole: v.InferOutput<typeof nestedSchema>): object {
  const defaults = textDefaults.get(whole.model_type);
  const { text_config: text } = whole;
  if (defaults === undefined || typeof text !== 'object' || text === null) return whole;
  const { eos_token_id } = whole;
  return { ...defaults, ...(eos_token_id !== undefined && { eos_token_id }), ...text };
}
