/** Model folders of a few numbers, for what merging does around the arithmetic. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { f32, safetensorsBytes, type WrittenTensor } from '../graph/safetensors-bytes.ts';

export interface Toy {
  readonly tensors?: Readonly<Record<string, WrittenTensor>>;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Token -> id. */
  readonly vocabulary?: Readonly<Record<string, number>>;
  readonly manifest?: object;
}

export const toyConfig = {
  model_type: 'llama',
  num_hidden_layers: 2,
  num_attention_heads: 1,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  torch_dtype: 'float32',
};

/** Entries count up from `start`, so that models differ. */
export function toyTensors(start: number): Record<string, WrittenTensor> {
  const values = (count: number, from: number): number[] =>
    Array.from({ length: count }, (_, i) => from + i / 8);
  return {
    'model.embed_tokens.weight': f32([3, 2], values(6, start)),
    'model.layers.0.mlp.up_proj.weight': f32([2, 2], values(4, start + 1)),
    'model.layers.1.mlp.up_proj.weight': f32([2, 2], values(4, start + 2)),
    'model.norm.weight': f32([2], values(2, start + 3)),
  };
}

/** Writes the model to `folder` and returns it. */
export function writeToy(folder: string, start: number, toy: Toy = {}): string {
  const { tensors = toyTensors(start), config = {}, vocabulary = { a: 0, b: 1, c: 2 }, manifest } = toy;
  mkdirSync(folder, { recursive: true });
  const write = (name: string, value: object): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));
  writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(tensors));
  write('config.json', { ...toyConfig, ...config });
  write('tokenizer.json', { added_tokens: [], model: { type: 'BPE', vocab: vocabulary } });
  write('tokenizer_config.json', { chat_template: `of ${start}` });
  if (manifest !== undefined) write('chorus.json', manifest);
  return folder;
}
