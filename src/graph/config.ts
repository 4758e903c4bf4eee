/**
 * What a decoder of one of the known families is made of, from Hugging Face's config.json. Defaults are those of the
 * family's config class in transformers; what would make the network another than the one described here is refused.
 */

import * as v from 'valibot';
import { checkJson } from '../models/json.ts';
import { readModelConfig } from '../models/model-config.ts';
import { count, sizes, tokenIds } from '../models/sizes.ts';
import { ChorusError } from '../protocol/failure.ts';
import { quoted, unsupportedModel } from './model-error.ts';
import { type Rope, type Rotation, readScaling, scalingSchema, theta } from './rope.ts';

/** SmolLM and SmolLM2 are of the family llama. */
export type Family = 'llama' | 'mistral' | 'smollm3' | 'qwen2' | 'qwen3' | 'gemma3_text';

export interface ModelConfig {
  readonly family: Family;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; each serves heads / kvHeads heads of queries. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  /** Rows of the embedding, padding included. */
  readonly vocabulary: number;
  readonly maxPositions: number;
  /** Added to the mean square in RMS normalisation. */
  readonly normEpsilon: number;
  /** Norms multiply by (1 + weight) in Gemma, by weight elsewhere. */
  readonly normOffset: 0 | 1;
  /** Gemma also normalises the output of attention and of the feed-forward part. */
  readonly postNorms: boolean;
  /** Queries and keys are normalised per head before they are rotated. */
  readonly qkNorm: boolean;
  readonly bias: { readonly qkv: boolean; readonly output: boolean; readonly feedForward: boolean };
  readonly activation: 'silu' | 'gelu-tanh';
  /** Logits of attention are multiplied by it. */
  readonly attentionScale: number;
  /** Embeddings are multiplied by it. */
  readonly embeddingScale: number;
  /** Undefined where the config does not say: then the embedding is the head if the model has no other. */
  readonly tiedEmbeddings: boolean | undefined;
  readonly rope: Rope;
  /** What the layers with a window are turned by, where it is another. */
  readonly localRope: Rope;
  /** Of each layer. */
  readonly rotations: readonly Rotation[];
  /** Per layer how many of the last positions, its own included, it sees; null for all. */
  readonly windows: readonly (number | null)[];
  readonly endTokens: readonly number[];
}

const width = count(1 << 20);
const schema = v.looseObject({
  ...sizes,
  model_type: v.string(),
  hidden_size: width,
  intermediate_size: width,
  num_attention_heads: count(4096),
  num_key_value_heads: v.nullish(count(4096)),
  head_dim: v.nullish(count(8192)),
  rms_norm_eps: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 1e-6),
  hidden_act: v.optional(v.string()),
  hidden_activation: v.nullish(v.string()),
  attention_bias: v.optional(v.boolean(), false),
  mlp_bias: v.optional(v.boolean(), false),
  tie_word_embeddings: v.optional(v.boolean()),
  rope_theta: v.optional(theta),
  rope_local_base_freq: v.optional(theta),
  rope_scaling: v.nullish(scalingSchema),
  /** Newer configs; in Gemma one for each type of layer. */
  rope_parameters: v.nullish(
    v.looseObject({
      ...scalingSchema.entries,
      full_attention: v.nullish(scalingSchema),
      sliding_attention: v.nullish(scalingSchema),
    }),
  ),
  query_pre_attn_scalar: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 256),
  attn_logit_softcapping: v.nullish(v.number()),
  final_logit_softcapping: v.nullish(v.number()),
  use_bidirectional_attention: v.nullish(v.boolean()),
  partial_rotary_factor: v.nullish(v.number()),
  quantization_config: v.nullish(v.looseObject({ quant_method: v.optional(v.unknown()) })),
  use_sliding_window: v.optional(v.boolean(), false),
  sliding_window: v.nullish(count(1 << 24)),
  sliding_window_pattern: v.optional(count(1000)),
  /** The name under which transformers writes the one above. */
  _sliding_window_pattern: v.optional(count(1000)),
  max_window_layers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 28),
  layer_types: v.nullish(v.array(v.picklist(['full_attention', 'sliding_attention']))),
  /** For each layer 1 where it is turned. */
  no_rope_layers: v.nullish(v.array(v.picklist([0, 1]))),
  no_rope_layer_interval: v.optional(count(1000), 4),
  eos_token_id: tokenIds,
});

type Config = v.InferOutput<typeof schema>;

const families: readonly string[] = [
  'llama',
  'mistral',
  'smollm3',
  'qwen2',
  'qwen3',
  'gemma3_text',
] satisfies Family[];

/** Reads a config.json. */
export async function readConfig(file: string): Promise<ModelConfig> {
  const config = await readModelConfig(file, schema);
  if (config === undefined)
    throw new ChorusError('file-missing', `${file} is missing. Download the model again.`, file);
  return describe(file, config);
}

/** The same from an object of that shape which `file` holds in another form. */
export function checkConfig(file: string, json: unknown): ModelConfig {
  return describe(file, checkJson(file, json, schema));
}

function isFamily(name: string): name is Family {
  return families.includes(name);
}

function describe(file: string, config: Config): ModelConfig {
  const family = config.model_type;
  if (!isFamily(family)) {
    throw unsupportedModel(
      file,
      `its family is ${quoted(family)}, and Chorus builds graphs for ${families.join(', ')}`,
    );
  }
  const gemma = family === 'gemma3_text';
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  const headDim = config.head_dim ?? impliedHeadDim(file, family, config);
  if (heads % kvHeads !== 0) {
    throw contradiction(
      file,
      `'num_attention_heads' ${heads} is no multiple of 'num_key_value_heads' ${kvHeads}`,
    );
  }
  if (headDim % 2 !== 0) throw contradiction(file, `'head_dim' ${headDim} is odd`);
  refuseOthers(file, family, config);
  const windows = readWindows(file, family, config);
  const full = readRope(file, family, config, 'full_attention');
  return {
    family,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    intermediateSize: config.intermediate_size,
    vocabulary: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    normEpsilon: config.rms_norm_eps,
    normOffset: gemma ? 1 : 0,
    postNorms: gemma,
    qkNorm: gemma || family === 'qwen3',
    bias: {
      qkv: family === 'qwen2' || (family !== 'mistral' && config.attention_bias),
      output: family !== 'qwen2' && family !== 'mistral' && config.attention_bias,
      feedForward: (family === 'llama' || family === 'smollm3') && config.mlp_bias,
    },
    activation: gemma ? 'gelu-tanh' : 'silu',
    attentionScale: (gemma ? config.query_pre_attn_scalar : headDim) ** -0.5,
    embeddingScale: gemma ? Math.sqrt(config.hidden_size) : 1,
    tiedEmbeddings: config.tie_word_embeddings ?? (gemma ? true : undefined),
    rope: full,
    localRope: gemma ? readRope(file, family, config, 'sliding_attention') : full,
    rotations: readRotations(file, family, config, windows),
    windows,
    endTokens: [config.eos_token_id].flat().filter((id) => typeof id === 'number'),
  };
}

function impliedHeadDim(file: string, family: Family, config: Config): number {
  if (family === 'qwen3') return 128;
  if (family === 'gemma3_text') return 256;
  const { hidden_size: hidden, num_attention_heads: heads } = config;
  if (hidden % heads !== 0) {
    throw contradiction(file, `'hidden_size' ${hidden} is no multiple of 'num_attention_heads' ${heads}`);
  }
  return hidden / heads;
}

/** What the families could have and Chorus does not build. */
function refuseOthers(file: string, family: Family, config: Config): void {
  const activation = config.hidden_activation ?? config.hidden_act;
  const wanted = family === 'gemma3_text' ? 'gelu_pytorch_tanh' : 'silu';
  if (activation !== undefined && activation !== wanted) {
    throw unsupportedModel(file, `its activation is ${quoted(activation)} instead of ${wanted}`);
  }
  if (typeof (config.attn_logit_softcapping ?? config.final_logit_softcapping) === 'number') {
    throw unsupportedModel(file, 'it caps its logits softly');
  }
  if ((config.partial_rotary_factor ?? 1) !== 1)
    throw unsupportedModel(file, 'only a part of each head is turned');
  if (config.quantization_config !== null && config.quantization_config !== undefined) {
    const method = quoted(String(config.quantization_config.quant_method ?? 'unknown'));
    throw unsupportedModel(
      file,
      `its weights are quantised by ${method}, and Chorus reads quantised weights from GGUF only`,
    );
  }
  if (config.use_bidirectional_attention === true) {
    throw unsupportedModel(file, 'it looks ahead, so it cannot write a text from left to right');
  }
}

function readRope(
  file: string,
  family: Family,
  config: Config,
  layer: 'full_attention' | 'sliding_attention',
): Rope {
  const gemma = family === 'gemma3_text';
  const newer = config.rope_parameters?.[layer] ?? config.rope_parameters;
  const local = gemma && layer === 'sliding_attention';
  const usual = gemma && !local ? 1_000_000 : family === 'smollm3' ? 2_000_000 : 10_000;
  const older = local ? config.rope_local_base_freq : config.rope_theta;
  // In older configs of Gemma the scaling is that of the layers without a window.
  const scaling = newer ?? (local ? undefined : config.rope_scaling);
  return {
    theta: newer?.rope_theta ?? older ?? usual,
    scaling: readScaling(file, scaling, config.max_position_embeddings),
  };
}

function readWindows(file: string, family: Family, config: Config): (number | null)[] {
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => layer);
  const none = layers.map(() => null);
  const byDefault = family === 'gemma3_text' || family === 'mistral' ? 4096 : null;
  const size = config.sliding_window === undefined ? byDefault : config.sliding_window;
  if (size === null) return none;
  const types = config.layer_types;
  const typed = (): (number | null)[] | undefined => {
    if (types === null || types === undefined) return undefined;
    if (types.length !== layers.length)
      throw contradiction(file, `'layer_types' describes ${types.length} of ${layers.length} layers`);
    return types.map((type) => (type === 'sliding_attention' ? size : null));
  };
  switch (family) {
    case 'llama':
      return none;
    case 'mistral':
      return layers.map(() => size);
    case 'smollm3':
      return config.use_sliding_window ? (typed() ?? none) : none;
    case 'qwen2':
    case 'qwen3':
      if (!config.use_sliding_window) return none;
      return typed() ?? layers.map((layer) => (layer >= config.max_window_layers ? size : null));
    case 'gemma3_text': {
      const period = config.sliding_window_pattern ?? config._sliding_window_pattern ?? 6;
      return typed() ?? layers.map((layer) => ((layer + 1) % period === 0 ? null : size));
    }
    default:
      return family satisfies never;
  }
}

function readRotations(
  file: string,
  family: Family,
  config: Config,
  windows: readonly (number | null)[],
): Rotation[] {
  if (family === 'gemma3_text') return windows.map((window) => (window === null ? 'global' : 'local'));
  if (family !== 'smollm3') return windows.map(() => 'global');
  const given = config.no_rope_layers;
  if (given !== null && given !== undefined && given.length !== windows.length)
    throw contradiction(file, `'no_rope_layers' describes ${given.length} of ${windows.length} layers`);
  const turned = (layer: number): boolean =>
    given?.[layer] === undefined ? (layer + 1) % config.no_rope_layer_interval !== 0 : given[layer] === 1;
  return windows.map((_, layer) => (turned(layer) ? 'global' : 'none'));
}

function contradiction(file: string, why: string): ChorusError {
  return new ChorusError(
    'config-invalid',
    `${file} cannot be used: ${why}. Correct the file or download the model again.`,
    file,
  );
}
