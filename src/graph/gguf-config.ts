/** A decoder's description from the metadata of a GGUF file, by way of the config.json that the model had before. */

import { checkConfig, type Family, type ModelConfig } from './config.ts';
import type { GgufFile } from './gguf.ts';
import type { GgufValue } from './gguf-header.ts';
import { ROPE_DIVISORS } from './gguf-names.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';

const families: ReadonlyMap<GgufValue, Family> = new Map([
  ['llama', 'llama'],
  ['smollm3', 'smollm3'],
  ['qwen2', 'qwen2'],
  ['qwen3', 'qwen3'],
  ['gemma3', 'gemma3_text'],
]);

const FIRST_QUERY = 'blk.0.attn_q.bias';
const FIRST_OUTPUT = 'blk.0.attn_output.bias';
const FIRST_GATE = 'blk.0.ffn_gate.bias';
/** llama.cpp scales the attention of the one Gemma 3 with so many layers, 27B, by its width. */
const LAYERS_OF_27B = 62;

/** Reads the config; numbers that are missing or wrong are errors under the names of config.json. */
export async function readGgufConfig(gguf: GgufFile): Promise<ModelConfig> {
  const { file, metadata, tensors } = gguf;
  const architecture = metadata.get('general.architecture') ?? '';
  const family = families.get(architecture);
  if (family === undefined) {
    throw unsupportedModel(
      file,
      `its architecture is ${quoted(String(architecture))}, and Chorus builds graphs for ${[...families.keys()].join(', ')}`,
    );
  }
  const get = (key: string): GgufValue | undefined => metadata.get(`${architecture}.${key}`);
  if (Number(get('expert_count') ?? 0) > 0) {
    throw unsupportedModel(file, 'its feed-forward layers choose between experts of their own');
  }
  const config = checkConfig(file, {
    model_type: family,
    vocab_size: tensors.get('token_embd.weight')?.shape[0],
    max_position_embeddings: get('context_length'),
    hidden_size: get('embedding_length'),
    intermediate_size: uniform(get('feed_forward_length')),
    num_hidden_layers: get('block_count'),
    num_attention_heads: uniform(get('attention.head_count')),
    num_key_value_heads: uniform(get('attention.head_count_kv')),
    head_dim: get('attention.key_length') ?? get('rope.dimension_count'),
    rms_norm_eps: get('attention.layer_norm_rms_epsilon'),
    rope_theta: get('rope.freq_base'),
    rope_local_base_freq: get('rope.freq_base_swa'),
    rope_scaling: scaling(get),
    ...windows(family, get),
    query_pre_attn_scalar: attentionWidth(get),
    final_logit_softcapping: get('final_logit_softcapping'),
    tie_word_embeddings: !tensors.has('output.weight'),
    eos_token_id: ['eos', 'eot', 'eom'].flatMap(
      (name) => metadata.get(`tokenizer.ggml.${name}_token_id`) ?? [],
    ),
  });
  for (const key of ['rope.dimension_count', 'attention.value_length']) {
    const size = get(key);
    if (size !== undefined && size !== config.headDim) {
      throw unsupportedModel(
        file,
        `${quoted(key)} in its header is not the width of a head, ${config.headDim}`,
      );
    }
  }
  const rope = tensors.has(ROPE_DIVISORS)
    ? { ...config.rope, scaling: await readDivisors(gguf, config) }
    : config.rope;
  return {
    ...config,
    bias: {
      qkv: tensors.has(FIRST_QUERY),
      output: tensors.has(FIRST_OUTPUT),
      feedForward: tensors.has(FIRST_GATE),
    },
    rope,
    localRope: config.localRope === config.rope ? rope : config.localRope,
  };
}

/** llama.cpp knows windows of Gemma only, and of one without the key none; the pattern is a period, or a flag for each layer. */
function windows(family: Family, get: (key: string) => GgufValue | undefined): object {
  if (family !== 'gemma3_text') return {};
  const pattern = get('attention.sliding_window_pattern');
  return {
    sliding_window: get('attention.sliding_window') ?? null,
    ...(typeof pattern === 'object'
      ? {
          layer_types: Array.from<string | number, string>(pattern, (sees) =>
            sees ? 'sliding_attention' : 'full_attention',
          ),
        }
      : { sliding_window_pattern: pattern }),
  };
}

/** Some numbers may be given for every layer; the families here have the same in all. */
function uniform(value: GgufValue | undefined): GgufValue | undefined {
  if (typeof value !== 'object' || value.length === 0) return value;
  return new Set<string | number>(value).size === 1 ? value[0] : value;
}

function attentionWidth(get: (key: string) => GgufValue | undefined): number | undefined {
  const [layers, width, heads] = [get('block_count'), get('embedding_length'), get('attention.head_count')];
  if (layers === LAYERS_OF_27B && typeof width === 'number' && typeof heads === 'number')
    return width / heads;
  const headDim = get('attention.key_length');
  return typeof headDim === 'number' ? headDim : undefined;
}

function scaling(get: (key: string) => GgufValue | undefined): object | undefined {
  const type = get('rope.scaling.type');
  const older = get('rope.scale_linear');
  if (type === undefined)
    return older === undefined || older === 1 ? undefined : { type: 'linear', factor: older };
  if (type === 'none') return undefined;
  const factor = get('rope.scaling.factor');
  const attention = get('rope.scaling.attn_factor') ?? get('rope.scaling.yarn_attn_factor');
  return {
    type,
    factor,
    original_max_position_embeddings: get('rope.scaling.original_context_length'),
    beta_fast: get('rope.scaling.yarn_beta_fast'),
    beta_slow: get('rope.scaling.yarn_beta_slow'),
    // llama.cpp multiplies the usual factor by it.
    attention_factor:
      typeof attention === 'number' && typeof factor === 'number'
        ? attention * (0.1 * Math.log(factor) + 1)
        : undefined,
  };
}

async function readDivisors(
  gguf: GgufFile,
  { headDim }: ModelConfig,
): Promise<{ readonly kind: 'divisors'; readonly divisors: Float32Array }> {
  const shape = gguf.tensors.get(ROPE_DIVISORS)?.shape;
  if (shape?.length !== 1 || shape[0] !== headDim / 2) {
    throw invalidModel(
      gguf.file,
      `the tensor ${quoted(ROPE_DIVISORS)} has not one number for each pair of a head`,
    );
  }
  const divisors = await gguf.readFloat32(ROPE_DIVISORS);
  if (!divisors.every((divisor) => divisor > 0 && Number.isFinite(divisor))) {
    throw invalidModel(
      gguf.file,
      `the tensor ${quoted(ROPE_DIVISORS)} has numbers by which nothing can be divided`,
    );
  }
  return { kind: 'divisors', divisors };
}
