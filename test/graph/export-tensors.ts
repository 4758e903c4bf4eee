/** The tensors of a pocket expert under Hugging Face's names, taken back from its float32 export. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/graph/config.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import type { TensorInfo, TensorSource } from '../../src/graph/tensor-source.ts';
import { pocket } from '../programs.ts';

export const configOf = (name: string) => readConfig(join(pocket(name), 'config.json'));

const read = new Map<string, Promise<ReadonlyMap<string, Float32Array>>>();

/** A map of one's own; the arrays in it are everybody's, to be read only. */
export async function exportTensors(name: string): Promise<Map<string, Float32Array>> {
  const tensors = read.get(name) ?? readTensors(name);
  read.set(name, tensors);
  return new Map(await tensors);
}

async function readTensors(name: string): Promise<ReadonlyMap<string, Float32Array>> {
  const file = join(pocket(name), 'onnx', 'model.onnx');
  const bytes = readFileSync(file);
  const {
    hiddenSize: width,
    vocabulary,
    heads,
    kvHeads,
    headDim,
    intermediateSize,
    layers,
  } = await configOf(name);
  const stored = new Map<string, Float32Array>();
  for (const { name: key, data } of readOnnx(bytes, '', file).tensors) {
    const raw =
      data.kind === 'here'
        ? data.bytes
        : data.kind === 'file'
          ? bytes.subarray(data.offset, data.offset + (data.length ?? 0))
          : new Uint8Array(0);
    stored.set(key, new Float32Array(new Uint8Array(raw).buffer));
  }
  const get = (key: string): Float32Array => {
    const found = stored.get(key);
    if (found === undefined) throw new Error(`no ${key}`);
    return found;
  };
  const tensors = new Map<string, Float32Array>();
  // An export stores [in, out].
  const turned = (key: string, inputs: number): Float32Array => {
    const from = get(key);
    const outputs = from.length / inputs;
    const out = new Float32Array(from.length);
    for (let output = 0; output < outputs; output++)
      for (let input = 0; input < inputs; input++)
        out[output * inputs + input] = from[input * outputs + output] ?? 0;
    return out;
  };
  tensors.set('model.embed_tokens.weight', turned('lm_head.MatMul.weight', width));
  tensors.set('model.norm.weight', get(`model.layers.${layers}.final_norm_layernorm.weight`));
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    for (const norm of ['input_layernorm', 'post_attention_layernorm'])
      tensors.set(`${at}.${norm}.weight`, get(`${at}.${norm}.weight`));
    const qkv = turned(`${at}.attn.qkv_proj.MatMul.weight`, width);
    const bias = get(`${at}.attn.qkv_proj.Add.bias`);
    let row = 0;
    for (const [part, size] of [
      ['q', heads * headDim],
      ['k', kvHeads * headDim],
      ['v', kvHeads * headDim],
    ] as const) {
      tensors.set(`${at}.self_attn.${part}_proj.weight`, qkv.slice(row * width, (row + size) * width));
      tensors.set(`${at}.self_attn.${part}_proj.bias`, bias.slice(row, row + size));
      row += size;
    }
    tensors.set(`${at}.self_attn.o_proj.weight`, turned(`${at}.attn.o_proj.MatMul.weight`, heads * headDim));
    for (const part of ['gate', 'up', 'down'])
      tensors.set(
        `${at}.mlp.${part}_proj.weight`,
        turned(`${at}.mlp.${part}_proj.MatMul.weight`, part === 'down' ? intermediateSize : width),
      );
  }
  if (tensors.get('model.embed_tokens.weight')?.length !== vocabulary * width)
    throw new Error('not the expected export');
  return tensors;
}

/** A source over tensors in memory. Shapes are those that `columns` tells: [n] for norms and biases, else [n, columns]. */
export async function sourceOf(
  name: string,
  tensors: ReadonlyMap<string, Float32Array>,
): Promise<TensorSource & { readonly read: string[] }> {
  const { hiddenSize, intermediateSize, heads, headDim } = await configOf(name);
  const columns = (key: string): number =>
    key.includes('down_proj') ? intermediateSize : key.includes('o_proj') ? heads * headDim : hiddenSize;
  const infos = [...tensors].map(([key, values]): [string, TensorInfo] => {
    const shape =
      key.endsWith('.bias') || key.includes('norm')
        ? [values.length]
        : [values.length / columns(key), columns(key)];
    return [key, { name: key, type: 'f32', shape }];
  });
  const read: string[] = [];
  return {
    tensors: new Map(infos),
    read,
    readFloat32: async (key) => {
      read.push(key);
      const values = tensors.get(key);
      if (values === undefined) throw new Error(`no ${key}`);
      return values.slice();
    },
    close: async () => {},
  };
}
