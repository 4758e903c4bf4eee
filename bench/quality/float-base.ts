/** A GGUF model as a folder of float32 safetensors, which can be merged with: what it says rounded to its codes, and nothing more. */

import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ModelConfig } from '../../src/graph/config.ts';
import { openGgufModel } from '../../src/graph/gguf-model.ts';
import { writeSafetensors } from '../../src/graph/safetensors-write.ts';

/** Makes `folder` where it is not there; rejects for other families than Llama's, whose config this does not know to write. */
export async function floatBase(gguf: string, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const { config, tokenizer, weights } = await openGgufModel(gguf);
  try {
    const tensors = [...weights.tensors.values()].map(({ name, shape }) => ({
      name,
      shape,
      type: 'f32' as const,
    }));
    const file = join(draft, 'model.safetensors');
    await writeSafetensors(file, { tensors, metadata: { format: 'pt' } }, async (writer) => {
      for (const { name } of tensors) await writer.write(name, await weights.readFloat32(name));
    });
    const write = (name: string, json: object): void =>
      writeFileSync(join(draft, name), JSON.stringify(json));
    write('config.json', llamaConfig(config));
    write('tokenizer.json', tokenizer.tokenizer);
    write('tokenizer_config.json', tokenizer.config);
    const manifest = join(dirname(gguf), 'chorus.json');
    if (existsSync(manifest)) copyFileSync(manifest, join(draft, 'chorus.json'));
  } finally {
    await weights.close();
  }
  renameSync(draft, folder);
}

function llamaConfig(config: ModelConfig): object {
  if (config.family !== 'llama') throw new Error(`A base of the family ${config.family} cannot be written.`);
  if (config.rope.scaling.kind !== 'none') throw new Error('The positions of this base are scaled.');
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    intermediate_size: config.intermediateSize,
    vocab_size: config.vocabulary,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.rope.theta,
    tie_word_embeddings: config.tiedEmbeddings ?? true,
    hidden_act: 'silu',
    eos_token_id: config.endTokens[0],
  };
}
