/** The tiny decoders as GGUF files, with the keys, names, orders and sums that llama.cpp's converter writes. */

import type { Buffer } from 'node:buffer';
import {
  bool,
  f32s,
  f32Value,
  ggufBytes,
  i32s,
  str,
  strings,
  u32,
  type Written,
  type WrittenGgufTensor,
} from './gguf-bytes.ts';
import { type TinyModel, tinyTensors } from './tiny-models.ts';

const architectures = {
  llama: 'llama',
  mistral: 'llama',
  smollm3: 'smollm3',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  gemma3_text: 'gemma3',
} as const;

const tops: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

const parts: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

const partsOfGemma: Readonly<Record<string, string>> = {
  ...parts,
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

function ggufName(name: string, gemma: boolean): string {
  const [, module = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  const [, layer = '', part = ''] = /^model\.layers\.(\d+)\.(.*)$/.exec(module) ?? [];
  const renamed = tops[module] ?? `blk.${layer}.${(gemma ? partsOfGemma : parts)[part]}`;
  return `${renamed}.${kind}`;
}

/** Row half * headDim / 2 + i of each head goes to row 2 i + half. */
function permuted(values: Float32Array, rows: number, headDim: number): Float32Array {
  const width = values.length / rows;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const [head, within] = [Math.floor(row / headDim), row % headDim];
    const [half, i] = [Math.floor(within / (headDim / 2)), within % (headDim / 2)];
    const to = head * headDim + 2 * i + half;
    out.set(values.subarray(row * width, (row + 1) * width), to * width);
  }
  return out;
}

function tensorsOf(model: TinyModel): Record<string, WrittenGgufTensor> {
  const { config, shapes } = model;
  const gemma = config.family === 'gemma3_text';
  const written = [...tinyTensors(model)].map(([name, values]): [string, WrittenGgufTensor] => {
    const shape = shapes[name] ?? [];
    let stored = values;
    if (gemma && name.endsWith('norm.weight')) stored = values.map((value) => value + 1);
    if (['llama', 'mistral', 'smollm3'].includes(config.family) && /\.[qk]_proj\./.test(name))
      stored = permuted(values, shape[0] ?? 0, config.headDim);
    return [ggufName(name, gemma), { shape, type: 0, data: new Uint8Array(stored.buffer) }];
  });
  return Object.fromEntries(written);
}

/** 96 tokens of SentencePiece: those that Gemma begins with, its turns, and letters with a few merges. */
export const tinySentencePiece = (() => {
  const control = ['<pad>', '<eos>', '<bos>'];
  const turns = ['<start_of_turn>', '<end_of_turn>'];
  const letters = [...'abcdefghijklmnopqrstuvwxyz▁'];
  const merged = ['▁a', 'th', '▁th', 'the', '▁the', 'in', 'er', '▁model', 'model', 'mod', 'el', 'us', 'user'];
  const bytes = Array.from(
    { length: 48 },
    (_, i) => `<0x${(i + 10).toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const tokens = [...control, '<unk>', ...turns, '\n\n', '▁▁', ...bytes, ...letters, ...merged];
  const types = tokens.map((token) => {
    if (control.includes(token) || turns.includes(token)) return 3;
    if (token === '<unk>') return 2;
    if (token === '\n\n' || token === '▁▁') return 4;
    return token.startsWith('<0x') ? 6 : 1;
  });
  return { tokens, types, scores: tokens.map((_, id) => -id) };
})();

export const TURNS =
  "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{{ '<start_of_turn>' + (message['role'] | replace('assistant', 'model')) + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

function tokenizerOf(): Record<string, Written> {
  const { tokens, types, scores } = tinySentencePiece;
  return {
    'tokenizer.ggml.model': str('llama'),
    'tokenizer.ggml.pre': str('default'),
    'tokenizer.ggml.tokens': strings(tokens),
    'tokenizer.ggml.scores': f32s(scores),
    'tokenizer.ggml.token_type': i32s(types),
    'tokenizer.ggml.bos_token_id': u32(2),
    'tokenizer.ggml.eos_token_id': u32(1),
    'tokenizer.ggml.eot_token_id': u32(tokens.indexOf('<end_of_turn>')),
    'tokenizer.ggml.unknown_token_id': u32(3),
    'tokenizer.ggml.padding_token_id': u32(0),
    'tokenizer.ggml.add_bos_token': bool(true),
    'tokenizer.ggml.add_eos_token': bool(false),
    'tokenizer.ggml.add_space_prefix': bool(false),
    'tokenizer.chat_template': str(TURNS),
  };
}

function scalingOf({ config }: TinyModel): Record<string, Written> {
  const { scaling } = config.rope;
  if (scaling.kind !== 'linear' && scaling.kind !== 'yarn') return {};
  return {
    'rope.scaling.type': str(scaling.kind),
    'rope.scaling.factor': f32Value(scaling.factor),
    ...(scaling.kind === 'yarn' && {
      'rope.scaling.original_context_length': u32(scaling.originalPositions),
    }),
  };
}

function configOf(model: TinyModel): Record<string, Written> {
  const { config } = model;
  const architecture = architectures[config.family];
  const [window] = config.windows.filter((size) => size !== null);
  const period = config.windows.indexOf(null) + 1;
  const keys: Record<string, Written> = {
    block_count: u32(config.layers),
    context_length: u32(config.maxPositions),
    embedding_length: u32(config.hiddenSize),
    feed_forward_length: u32(config.intermediateSize),
    'attention.head_count': u32(config.heads),
    'attention.head_count_kv': u32(config.kvHeads),
    'attention.key_length': u32(config.headDim),
    'attention.value_length': u32(config.headDim),
    'attention.layer_norm_rms_epsilon': f32Value(config.normEpsilon),
    'rope.freq_base': f32Value(config.rope.theta),
    ...scalingOf(model),
    ...(architecture === 'gemma3' &&
      window !== undefined && {
        'attention.sliding_window': u32(window),
        'attention.sliding_window_pattern': u32(period),
        'rope.freq_base_swa': f32Value(config.localRope.theta),
      }),
  };
  const prefixed = Object.entries(keys).map(([key, value]) => [`${architecture}.${key}`, value] as const);
  return { 'general.architecture': str(architecture), ...Object.fromEntries(prefixed) };
}

/** What llama.cpp's converter makes of the rotation of Llama 3: by how much each frequency is divided. */
function divisorsOf({ config }: TinyModel): Record<string, WrittenGgufTensor> {
  const { scaling, theta } = config.rope;
  if (scaling.kind !== 'llama3') return {};
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const half = config.headDim / 2;
  const divisors = Float32Array.from({ length: half }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** (i / half);
    if (wavelength < originalPositions / high) return 1;
    if (wavelength > originalPositions / low) return factor;
    const smooth = (originalPositions / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  return { 'rope_freqs.weight': { shape: [half], type: 0, data: new Uint8Array(divisors.buffer) } };
}

/** As gguf-split writes it: what describes the model in the first part, which has no tensors, and some of them in each other. */
export function tinyGgufParts(model: TinyModel, count: number): Buffer[] {
  const tensors = Object.entries({ ...tensorsOf(model), ...divisorsOf(model) });
  const u16 = (value: number): Written => ({ type: 2, value });
  return Array.from({ length: count }, (_, no) =>
    ggufBytes({
      metadata: {
        ...(no === 0 && { ...configOf(model), ...tokenizerOf() }),
        'split.no': u16(no),
        'split.count': u16(count),
        'split.tensors.count': { type: 5, value: tensors.length },
      },
      tensors: Object.fromEntries(tensors.filter((_tensor, i) => 1 + (i % (count - 1)) === no)),
    }),
  );
}

/** Gemma's attention is scaled by the width of a head there, whatever the model's config says. */
export function tinyGguf(model: TinyModel, more: Record<string, Written> = {}): Buffer {
  const metadata = { ...configOf(model), ...tokenizerOf(), ...more };
  return ggufBytes({ metadata, tensors: { ...tensorsOf(model), ...divisorsOf(model) } });
}
