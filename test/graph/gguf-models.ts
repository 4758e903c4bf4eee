/** Small whole models as GGUF files, for the tests. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pocket } from '../programs.ts';
import {
  bool,
  f32Value,
  i32s,
  str,
  strings,
  u32,
  type Written,
  type WrittenGgufTensor,
} from './gguf-bytes.ts';

interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { vocab: Record<string, number>; merges: [string, string][] };
}

/** The metadata that llama.cpp's converter would write for the tokenizer of a pocket expert. */
export function pocketTokenizer(name: string): Record<string, Written> {
  const json = JSON.parse(readFileSync(join(pocket(name), 'tokenizer.json'), 'utf8')) as TokenizerJson;
  const rows = 4096;
  const tokens: string[] = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types: number[] = tokens.map(() => 5);
  for (const [token, id] of Object.entries(json.model.vocab)) {
    tokens[id] = token;
    types[id] = 1;
  }
  for (const { id, content, special } of json.added_tokens) {
    tokens[id] = content;
    types[id] = special ? 3 : 4;
  }
  return {
    'tokenizer.ggml.model': str('gpt2'),
    'tokenizer.ggml.pre': str('qwen2'),
    'tokenizer.ggml.tokens': strings(tokens),
    'tokenizer.ggml.token_type': i32s(types),
    'tokenizer.ggml.merges': strings(json.model.merges.map((pair) => pair.join(' '))),
    'tokenizer.ggml.eos_token_id': u32(tokens.indexOf('<|im_end|>')),
    'tokenizer.ggml.padding_token_id': u32(tokens.indexOf('<|endoftext|>')),
    'tokenizer.ggml.add_bos_token': bool(false),
    'tokenizer.chat_template': str('{{ messages }}'),
  };
}

/** Byte-level tokens a and b and nothing else. */
export const tinyTokenizer: Record<string, Written> = {
  'tokenizer.ggml.model': str('gpt2'),
  'tokenizer.ggml.pre': str('gpt-2'),
  'tokenizer.ggml.tokens': strings(['a', 'b', 'ab', '<|end|>']),
  'tokenizer.ggml.token_type': i32s([1, 1, 1, 3]),
  'tokenizer.ggml.merges': strings(['a b']),
  'tokenizer.ggml.eos_token_id': u32(3),
};

/** Sizes of the tiny models: width 8, two heads of 4 over one, one layer. */
export function tinyConfig(architecture: string): Record<string, Written> {
  return {
    'general.architecture': str(architecture),
    [`${architecture}.block_count`]: u32(1),
    [`${architecture}.context_length`]: u32(64),
    [`${architecture}.embedding_length`]: u32(8),
    [`${architecture}.feed_forward_length`]: u32(12),
    [`${architecture}.attention.head_count`]: u32(2),
    [`${architecture}.attention.head_count_kv`]: u32(1),
    [`${architecture}.attention.key_length`]: u32(4),
    [`${architecture}.attention.layer_norm_rms_epsilon`]: f32Value(2 ** -17),
    [`${architecture}.rope.freq_base`]: f32Value(10000),
  };
}

/** Values that tell every place apart. */
export function counting(shape: readonly number[], from = 0): WrittenGgufTensor {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => from + i);
  return { shape, type: 0, data: new Uint8Array(values.buffer) };
}

export const tinyTensors: Record<string, WrittenGgufTensor> = {
  'token_embd.weight': counting([4, 8]),
  'blk.0.attn_norm.weight': counting([8], 100),
  'blk.0.attn_q.weight': counting([8, 8], 200),
  'blk.0.attn_k.weight': counting([4, 8], 300),
  'blk.0.attn_v.weight': counting([4, 8], 400),
  'blk.0.attn_output.weight': counting([8, 8], 500),
  'blk.0.ffn_norm.weight': counting([8], 600),
  'blk.0.ffn_gate.weight': counting([12, 8], 700),
  'blk.0.ffn_up.weight': counting([12, 8], 800),
  'blk.0.ffn_down.weight': counting([8, 12], 900),
  'output_norm.weight': counting([8], 1000),
};
