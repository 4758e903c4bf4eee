/**
 * The tensors of a GGUF file under Hugging Face's names and as Hugging Face stores them. llama.cpp's converter renames them,
 * reorders the rows of queries and keys of Llama and SmolLM3 so that pairs that rotate together are neighbours, and adds 1 to
 * Gemma's norms (conversion/llama.py and conversion/gemma.py there); this takes it back.
 */

import type { Family, ModelConfig } from './config.ts';
import type { GgufFile } from './gguf.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';
import { rowsMoved } from './stored-blocks.ts';
import type { TensorInfo, TensorSource } from './tensor-source.ts';

const top: ReadonlyMap<string, string> = new Map([
  ['token_embd.weight', 'model.embed_tokens.weight'],
  ['output_norm.weight', 'model.norm.weight'],
  ['output.weight', 'lm_head.weight'],
]);

const inLayer: ReadonlyMap<string, string> = new Map([
  ['attn_norm', 'input_layernorm'],
  ['attn_q', 'self_attn.q_proj'],
  ['attn_k', 'self_attn.k_proj'],
  ['attn_v', 'self_attn.v_proj'],
  ['attn_output', 'self_attn.o_proj'],
  ['attn_q_norm', 'self_attn.q_norm'],
  ['attn_k_norm', 'self_attn.k_norm'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['ffn_gate', 'mlp.gate_proj'],
  ['ffn_up', 'mlp.up_proj'],
  ['ffn_down', 'mlp.down_proj'],
]);

/** Gemma has norms on both sides. */
const inGemmaLayer: ReadonlyMap<string, string> = new Map([
  ...inLayer,
  ['post_attention_norm', 'post_attention_layernorm'],
  ['ffn_norm', 'pre_feedforward_layernorm'],
  ['post_ffw_norm', 'post_feedforward_layernorm'],
]);

/** How the frequencies of Llama 3's rotation are divided; part of the config, not of the weights. */
export const ROPE_DIVISORS = 'rope_freqs.weight';

/** Families whose queries and keys the converter reorders. */
const permuted: ReadonlySet<Family> = new Set(['llama', 'smollm3']);

const layerName = /^blk\.(\d{1,4})\.([a-z_]+)\.(weight|bias)$/;

/** Hugging Face's name of `name`, or undefined where the families have no such tensor. */
export function huggingFaceName(name: string, { postNorms, layers }: ModelConfig): string | undefined {
  const atTop = top.get(name);
  if (atTop !== undefined) return atTop;
  const [, layer, part, kind] = layerName.exec(name) ?? [];
  if (layer === undefined || part === undefined || Number(layer) >= layers) return undefined;
  const renamed = (postNorms ? inGemmaLayer : inLayer).get(part);
  return renamed === undefined ? undefined : `model.layers.${Number(layer)}.${renamed}.${kind}`;
}

/** The weights of `gguf` as if they came from safetensors. Closing it closes the file. */
export function huggingFaceTensors(gguf: GgufFile, config: ModelConfig): TensorSource {
  const tensors = new Map<string, TensorInfo>();
  const originals = new Map<string, string>();
  for (const [original, info] of gguf.tensors) {
    if (original === ROPE_DIVISORS) continue;
    const name = huggingFaceName(original, config);
    if (name === undefined || originals.has(name)) {
      throw unsupportedModel(
        gguf.file,
        `it has the tensor ${quoted(original)}, which a ${config.family} model of ${config.layers} layers has not`,
      );
    }
    originals.set(name, original);
    tensors.set(name, { ...info, name });
  }
  const originalOf = (name: string): string => {
    const original = originals.get(name);
    if (original === undefined) throw invalidModel(gguf.file, `it has no tensor ${quoted(name)}`);
    return original;
  };
  /** The rows of a tensor whose pairs of rows are neighbours; undefined where they are not. */
  const pairedRows = (name: string): number | undefined => {
    if (!permuted.has(config.family) || !/\.[qk]_proj\./.test(name)) return undefined;
    const rows = tensors.get(name)?.shape[0] ?? 0;
    if (rows % config.headDim === 0) return rows;
    throw invalidModel(
      gguf.file,
      `the tensor ${quoted(originalOf(name))} does not hold whole heads of ${config.headDim}`,
    );
  };
  return {
    tensors,
    readBlocks: async (name) => {
      const blocks = await gguf.readBlocks?.(originalOf(name));
      if (blocks === undefined || pairedRows(name) === undefined) return blocks;
      return rowsMoved(blocks, (row) => pairedPlace(row, config.headDim));
    },
    readFloat32: async (name) => {
      const values = await gguf.readFloat32(originalOf(name));
      const rows = pairedRows(name);
      if (rows !== undefined) return halvesApart(values, rows, config.headDim);
      if (config.normOffset === 1 && name.endsWith('norm.weight')) {
        for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) - 1;
      }
      return values;
    },
    close: () => gguf.close(),
  };
}

/** Where row half * headDim / 2 + i of each head lies in the file: at 2 i + half. */
function pairedPlace(row: number, headDim: number): number {
  const within = row % headDim;
  const half = within < headDim / 2 ? 0 : 1;
  return row - within + 2 * (within - (half * headDim) / 2) + half;
}

function halvesApart(values: Float32Array, rows: number, headDim: number): Float32Array {
  const out = new Float32Array(values.length);
  const width = rows === 0 ? 0 : values.length / rows;
  for (let row = 0; row < rows; row++) {
    const from = pairedPlace(row, headDim) * width;
    out.set(values.subarray(from, from + width), row * width);
  }
  return out;
}
