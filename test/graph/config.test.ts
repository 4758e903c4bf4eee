import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConfig, type ModelConfig, readConfig } from '../../src/graph/config.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { pocket } from '../programs.ts';
import { failureOf } from './failing.ts';

const llama = {
  model_type: 'llama',
  vocab_size: 49152,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  rope_scaling: null,
  tie_word_embeddings: true,
  hidden_act: 'silu',
  eos_token_id: 2,
};
const gemma = {
  model_type: 'gemma3_text',
  vocab_size: 262144,
  hidden_size: 640,
  intermediate_size: 2048,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  num_key_value_heads: 1,
  head_dim: 256,
  max_position_embeddings: 32768,
  rope_theta: 1000000,
  rope_local_base_freq: 10000,
  query_pre_attn_scalar: 256,
  sliding_window: 512,
  sliding_window_pattern: 6,
  hidden_activation: 'gelu_pytorch_tanh',
};

const config = (json: object): ModelConfig => checkConfig('config.json', json);
const refused = (json: object): string => {
  try {
    config(json);
  } catch (thrown) {
    if (thrown instanceof ChorusError) return thrown.message;
    throw thrown;
  }
  throw new Error('nothing failed');
};
const plain = (layers: number): null[] => Array.from({ length: layers }, () => null);

describe('a config', () => {
  it('of a pocket expert is read whole', async () => {
    const rope = { theta: 10000, scaling: { kind: 'none' } };
    expect(await readConfig(join(pocket('code'), 'config.json'))).toEqual({
      family: 'qwen2',
      hiddenSize: 256,
      layers: 6,
      heads: 4,
      kvHeads: 2,
      headDim: 64,
      intermediateSize: 704,
      vocabulary: 4096,
      maxPositions: 1024,
      normEpsilon: 1e-6,
      normOffset: 0,
      postNorms: false,
      qkNorm: false,
      bias: { qkv: true, output: false, feedForward: false },
      activation: 'silu',
      attentionScale: 1 / 8,
      embeddingScale: 1,
      tiedEmbeddings: true,
      rope,
      localRope: rope,
      rotations: Array.from({ length: 6 }, () => 'global'),
      windows: plain(6),
      endTokens: [4089],
    });
    expect((await failureOf(readConfig(join(pocket('code'), 'none.json')))).code).toBe('file-missing');
  });

  it('of Llama takes the sizes and the defaults of its family', () => {
    const read = config(llama);
    expect(read).toMatchObject({ family: 'llama', headDim: 64, kvHeads: 3, tiedEmbeddings: true });
    expect(read).toMatchObject({
      rope: { theta: 100000 },
      bias: { qkv: false, output: false, feedForward: false },
      endTokens: [2],
    });
    const { num_key_value_heads: _, tie_word_embeddings: __, rope_theta: ___, ...less } = llama;
    expect(config(less)).toMatchObject({ kvHeads: 9, tiedEmbeddings: undefined, rope: { theta: 10000 } });
    expect(config({ ...llama, attention_bias: true, mlp_bias: true }).bias).toEqual({
      qkv: true,
      output: true,
      feedForward: true,
    });
    // Only Qwen switches the window on by 'use_sliding_window'; Llama has none.
    expect(config({ ...llama, sliding_window: 64, use_sliding_window: true }).windows).toEqual(plain(30));
  });

  it('of Qwen3 normalises queries and keys and has heads of 128', () => {
    const read = config({ ...llama, model_type: 'qwen3' });
    expect(read).toMatchObject({ headDim: 128, qkNorm: true, attentionScale: 128 ** -0.5 });
    expect(read.bias).toEqual({ qkv: false, output: false, feedForward: false });
  });

  it('of Qwen2 has windows only where they are switched on', () => {
    const windowed = {
      ...llama,
      model_type: 'qwen2',
      num_hidden_layers: 4,
      sliding_window: 64,
      max_window_layers: 3,
    };
    expect(config(windowed).windows).toEqual(plain(4));
    expect(config({ ...windowed, use_sliding_window: true }).windows).toEqual([null, null, null, 64]);
    const layer_types = ['sliding_attention', 'full_attention', 'full_attention', 'full_attention'];
    expect(config({ ...windowed, use_sliding_window: true, layer_types }).windows).toEqual([
      64,
      null,
      null,
      null,
    ]);
    expect(refused({ ...windowed, use_sliding_window: true, layer_types: ['full_attention'] })).toContain(
      "'layer_types' describes 1 of 4 layers",
    );
  });

  it('of Mistral has a window in every layer, also where it does not say so', () => {
    const mistral = { ...llama, model_type: 'mistral', attention_bias: true };
    const all = (size: number | null) => Array.from({ length: 30 }, () => size);
    expect(config(mistral).windows).toEqual(all(4096));
    expect(config({ ...mistral, sliding_window: 64 }).windows).toEqual(all(64));
    expect(config({ ...mistral, sliding_window: null }).windows).toEqual(all(null));
    expect(config(mistral).bias).toEqual({ qkv: false, output: false, feedForward: false });
  });

  it('of SmolLM3 turns three layers of four, or those it names', () => {
    const smol = { ...llama, model_type: 'smollm3', num_hidden_layers: 4, rope_theta: undefined };
    expect(config(smol)).toMatchObject({
      rope: { theta: 2_000_000 },
      rotations: ['global', 'global', 'global', 'none'],
      windows: plain(4),
    });
    expect(config({ ...smol, no_rope_layers: [0, 1, 1, 0] }).rotations).toEqual([
      'none',
      'global',
      'global',
      'none',
    ]);
    expect(config({ ...smol, no_rope_layer_interval: 2 }).rotations[1]).toBe('none');
    expect(refused({ ...smol, no_rope_layers: [1] })).toContain("'no_rope_layers' describes 1 of 4 layers");
  });

  it('of Gemma 3 alternates windows and their own rotation', () => {
    const read = config(gemma);
    const period = [512, 512, 512, 512, 512, null];
    expect(read.windows).toEqual([...period, ...period]);
    expect(read.rotations.slice(4, 6)).toEqual(['local', 'global']);
    expect(read).toMatchObject({
      normOffset: 1,
      postNorms: true,
      qkNorm: true,
      activation: 'gelu-tanh',
      attentionScale: 1 / 16,
      tiedEmbeddings: true,
      rope: { theta: 1000000 },
      localRope: { theta: 10000, scaling: { kind: 'none' } },
    });
    expect(read.embeddingScale).toBeCloseTo(Math.sqrt(640));
    const scaled = config({ ...gemma, rope_scaling: { rope_type: 'linear', factor: 8 } });
    expect(scaled.rope.scaling).toEqual({ kind: 'linear', factor: 8 });
    expect(scaled.localRope.scaling).toEqual({ kind: 'none' });
  });

  it('of newer transformers keeps the rotation in one place', () => {
    const { rope_theta: _, rope_scaling: __, ...less } = llama;
    const llama3 = {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const rope = {
      theta: 500000,
      scaling: {
        kind: 'llama3',
        factor: 32,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalPositions: 8192,
      },
    };
    expect(config({ ...less, rope_parameters: { rope_theta: 500000, ...llama3 } }).rope).toEqual(rope);
    expect(config({ ...less, rope_theta: 500000, rope_scaling: llama3 }).rope).toEqual(rope);
    const { rope_theta: ___, rope_local_base_freq: ____, ...bare } = gemma;
    const both = config({
      ...bare,
      rope_parameters: {
        full_attention: { rope_type: 'linear', factor: 4, rope_theta: 3000000 },
        sliding_attention: { rope_type: 'default', rope_theta: 20000 },
      },
    });
    expect(both.rope).toEqual({ theta: 3000000, scaling: { kind: 'linear', factor: 4 } });
    expect(both.localRope).toEqual({ theta: 20000, scaling: { kind: 'none' } });
  });

  it('gives every scaling of the rotation its numbers', () => {
    const scaling = (rope_scaling: object) => config({ ...llama, rope_scaling }).rope.scaling;
    expect(scaling({ type: 'linear', factor: 2 })).toEqual({ kind: 'linear', factor: 2 });
    expect(scaling({ type: 'dynamic', factor: 2 })).toEqual({
      kind: 'dynamic',
      factor: 2,
      originalPositions: 8192,
    });
    const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 2048 };
    expect(scaling(yarn)).toEqual({
      kind: 'yarn',
      factor: 4,
      originalPositions: 2048,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 0.1 * Math.log(4) + 1,
      truncate: true,
    });
    expect(scaling({ ...yarn, attention_factor: 1 })).toMatchObject({ attentionFactor: 1 });
    expect(scaling({ ...yarn, mscale: 2, mscale_all_dim: 2 })).toMatchObject({ attentionFactor: 1 });
  });

  it.each<[string, object]>([
    ["its family is 'gpt2'", { ...llama, model_type: 'gpt2' }],
    ["its family is 'constructor'", { ...llama, model_type: 'constructor' }],
    ['is no multiple', { ...llama, num_key_value_heads: 2 }],
    ['is no multiple', { ...llama, hidden_size: 577 }],
    ["'head_dim' 63 is odd", { ...llama, head_dim: 63 }],
    ["'hidden_size'", { ...llama, hidden_size: 2 ** 40 }],
    ["'num_hidden_layers'", { ...llama, num_hidden_layers: 0.5 }],
    ["'rms_norm_eps'", { ...llama, rms_norm_eps: 0 }],
    ["'rope_theta'", { ...llama, rope_theta: Number.POSITIVE_INFINITY }],
    ["'rope_scaling.factor'", { ...llama, rope_scaling: { type: 'linear', factor: 0 } }],
    ["lacks 'factor'", { ...llama, rope_scaling: { type: 'linear' } }],
    [
      "is not above its 'low_freq_factor'",
      { ...llama, rope_scaling: { type: 'llama3', factor: 2, low_freq_factor: 4, high_freq_factor: 4 } },
    ],
    ["scaling is 'longrope'", { ...llama, rope_scaling: { type: 'longrope', factor: 2 } }],
    ["activation is 'relu'", { ...llama, hidden_act: 'relu' }],
    ['only a part of each head', { ...llama, partial_rotary_factor: 0.5 }],
    ["quantised by 'awq'", { ...llama, quantization_config: { quant_method: 'awq', bits: 4 } }],
    ['caps its logits', { ...gemma, final_logit_softcapping: 30 }],
    ['looks ahead', { ...gemma, use_bidirectional_attention: true }],
    ['does not hold a JSON object', []],
  ])('is refused where %s', (why, json) => {
    expect(refused(json)).toContain(why);
  });
});
