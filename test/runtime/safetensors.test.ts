/** A model folder as Hugging Face has it, without any graph. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGgufModel } from '../../src/graph/gguf-model.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { safetensorsBytes, type WrittenTensor } from '../graph/safetensors-bytes.ts';
import { tinyGguf } from '../graph/tiny-gguf.ts';
import { type TinyModel, tinyModel, tinyTensors } from '../graph/tiny-models.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { modelFolder } from './model-folder.ts';
import { lastRows, openModel } from './opened.ts';
import { errors } from './tiny-rows.ts';

/** A tiny model as safetensors with the tokenizer that its GGUF has. */
async function tinyFolder(
  model: TinyModel,
  config: object,
  renamed: (name: string) => string = (name) => name,
  shards = 1,
): Promise<string> {
  const folder = temporaryFolder();
  const file = join(temporaryFolder(), 'tiny.gguf');
  writeFileSync(file, tinyGguf(model));
  const { tokenizer, weights } = await openGgufModel(file);
  await weights.close();
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer.tokenizer));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizer.config));
  const tensors = [...tinyTensors(model)].map(([name, values]): [string, WrittenTensor] => [
    renamed(name),
    { dtype: 'F32', shape: model.shapes[name] ?? [], data: new Uint8Array(values.buffer) },
  ]);
  if (shards === 1) {
    writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(Object.fromEntries(tensors)));
    return folder;
  }
  const shardOf = (i: number): string => `model-0000${1 + (i % shards)}-of-0000${shards}.safetensors`;
  for (let shard = 0; shard < shards; shard++) {
    const own = tensors.filter((_, i) => i % shards === shard);
    writeFileSync(join(folder, shardOf(shard)), safetensorsBytes(Object.fromEntries(own)));
  }
  const weight_map = Object.fromEntries(tensors.map(([name], i) => [name, shardOf(i)]));
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  return folder;
}

describe('a tiny model as safetensors', () => {
  const model = tinyModel('gemma3');
  async function errorOf(folder: string, of = model): Promise<number> {
    const expert = await openModel(folder, temporaryFolder());
    const from = of.tokens.length - 64;
    const rows = await lastRows(expert, Int32Array.from(of.tokens), 64);
    const { vocabularySize: width } = expert;
    const found = Array.from({ length: 64 }, (_, i) => rows.slice(i * width, (i + 1) * width));
    const filled = [...Array.from({ length: from }, () => new Float32Array(width)), ...found];
    await expert.dispose();
    return Math.max(...errors(of, filled).slice(from));
  }

  it('gives the logits of transformers as an expert, from one file or several', async () => {
    expect(await errorOf(await tinyFolder(model, model.json))).toBeLessThan(2e-3);
    expect(await errorOf(await tinyFolder(model, model.json, (name) => name, 3))).toBeLessThan(2e-3);
  });

  it.each([
    ['older', (name: string) => `language_model.${name}`],
    ['newer', (name: string) => name.replace(/^model\./, 'model.language_model.')],
  ])(
    'that is the language part of a model of text and pictures is read out of it by its %s names',
    async (_, renamed) => {
      const { model_type, tie_word_embeddings, ...text_config } = model.json;
      const vision_config = { model_type: 'siglip_vision_model', hidden_size: 8 };
      const whole = { model_type: 'gemma3', text_config, vision_config, eos_token_id: [1, 5] };
      expect(await errorOf(await tinyFolder(model, whole, renamed))).toBeLessThan(2e-3);
    },
  );

  it('is refused where another model of text and pictures keeps its config so', async () => {
    const whole = { model_type: 'llava', text_config: model.json };
    await expect(openModel(await tinyFolder(model, whole), temporaryFolder())).rejects.toThrow(/vocab_size/);
  });

  it('may lack the prefix of its names, and the word on whether its embedding is the head', async () => {
    const llama = tinyModel('llama3 rotation');
    const { tie_word_embeddings, ...config } = llama.json;
    const bare = (name: string): string => name.replace(/^model\./, '');
    expect(await errorOf(await tinyFolder(llama, config, bare), llama)).toBeLessThan(2e-3);
  });
});

describe('a folder of safetensors', () => {
  it('is built once with progress, then found, and gives the logits of the export', async () => {
    const [folder, cache] = [await modelFolder(), temporaryFolder()];
    const progress: number[] = [];
    const context = Int32Array.from({ length: 100 }, (_, i) => (i * 37) % 4000);
    const built = await openModel(folder, cache, progress);
    expect(progress.length).toBeGreaterThan(6);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const first = await lastRows(built, context, 1);
    await built.dispose();

    const again: number[] = [];
    const found = await openModel(folder, cache, again);
    expect(again).toEqual([]);
    expect(await lastRows(found, context, 1)).toEqual(first);
    await found.dispose();

    const exported = await openModel(pocket('code'), cache);
    const expected = await lastRows(exported, context, 1);
    for (const [i, value] of expected.entries())
      expect(Math.abs(value - (first[i] ?? Number.NaN))).toBeLessThan(1e-3);
    await exported.dispose();
  });

  it('that cannot be built is refused with the reason, and nothing is kept', async () => {
    const [folder, cache] = [await modelFolder(), temporaryFolder()];
    const config = {
      model_type: 'mamba',
      vocab_size: 4096,
      max_position_embeddings: 1024,
      num_hidden_layers: 6,
    };
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ ...config, hidden_size: 256, intermediate_size: 704, num_attention_heads: 4 }),
    );
    const failed = openModel(folder, cache);
    await expect(failed).rejects.toThrow(ChorusError);
    await expect(failed).rejects.toThrow(/mamba/);
    expect(existsSync(join(cache, 'graphs', 'decoder.onnx'))).toBe(false);
  });
});
