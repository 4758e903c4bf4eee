/** A pocket expert as a GGUF file. */

import { exportTensors, sourceOf } from '../graph/export-tensors.ts';
import { f32Value, ggufBytes, str, u32, type WrittenGgufTensor } from '../graph/gguf-bytes.ts';
import { pocketTokenizer } from '../graph/gguf-models.ts';

export const POCKET_TEMPLATE = '{% for message in messages %}{{ message.content }}{% endfor %}';

const names: readonly (readonly [RegExp, string])[] = [
  [/^model\.embed_tokens/, 'token_embd'],
  [/^model\.norm/, 'output_norm'],
  [/^model\.layers\.(\d+)\.input_layernorm/, 'blk.$1.attn_norm'],
  [/^model\.layers\.(\d+)\.post_attention_layernorm/, 'blk.$1.ffn_norm'],
  [/^model\.layers\.(\d+)\.self_attn\.o_proj/, 'blk.$1.attn_output'],
  [/^model\.layers\.(\d+)\.self_attn\.(\w)_proj/, 'blk.$1.attn_$2'],
  [/^model\.layers\.(\d+)\.mlp\.(\w+)_proj/, 'blk.$1.ffn_$2'],
];

const LAYERS = 6;
const written = new Map<number, Promise<Buffer>>();

/**
 * The pocket expert `code` as llama.cpp's converter would write it: everybody's bytes, to be read only. With fewer layers it is a
 * model of its own, which says nothing of use and is converted in a third of the time.
 */
export function pocketGguf(layers = LAYERS): Promise<Buffer> {
  const bytes = written.get(layers) ?? write(layers);
  written.set(layers, bytes);
  return bytes;
}

async function write(layers: number): Promise<Buffer> {
  const all = await exportTensors('code');
  const layerOf = (name: string): number => Number(/layers\.(\d+)\./.exec(name)?.[1] ?? 0);
  const tensors = new Map([...all].filter(([name]) => layerOf(name) < layers));
  const { tensors: infos } = await sourceOf('code', tensors);
  const renamedTensors = [...tensors].map(([name, values]): [string, WrittenGgufTensor] => {
    const [pattern, renamed] = names.find(([from]) => from.test(name)) ?? [/$^/, ''];
    const shape = infos.get(name)?.shape ?? [];
    return [name.replace(pattern, renamed), { shape, type: 0, data: new Uint8Array(values.buffer) }];
  });
  const metadata = {
    ...pocketTokenizer('code'),
    'general.architecture': str('qwen2'),
    'qwen2.block_count': u32(layers),
    'qwen2.context_length': u32(1024),
    'qwen2.embedding_length': u32(256),
    'qwen2.feed_forward_length': u32(704),
    'qwen2.attention.head_count': u32(4),
    'qwen2.attention.head_count_kv': u32(2),
    'qwen2.attention.layer_norm_rms_epsilon': f32Value(1e-6),
    'qwen2.rope.freq_base': f32Value(10_000),
    'tokenizer.chat_template': str(POCKET_TEMPLATE),
  };
  return ggufBytes({ metadata, tensors: Object.fromEntries(renamedTensors) });
}
