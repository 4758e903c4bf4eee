import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { type GgufModel, openGgufModel } from '../../src/graph/gguf-model.ts';
import type { TokenizerFiles } from '../../src/graph/gguf-tokenizer.ts';
import { type Tokenizer as ChorusTokenizer, readTokenizer } from '../../src/runtime/tokenizer.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { failureOf } from './failing.ts';
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
import { counting, pocketTokenizer, tinyConfig, tinyTensors, tinyTokenizer } from './gguf-models.ts';

function opened(
  metadata: Record<string, Written>,
  tensors: Record<string, WrittenGgufTensor> = tinyTensors,
): Promise<GgufModel> {
  const file = join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, ggufBytes({ metadata, tensors }));
  return openGgufModel(file);
}
const refused = async (...args: Parameters<typeof opened>): Promise<string> =>
  (await failureOf(opened(...args))).message;
const tiny = (architecture: string, more: Record<string, Written> = {}): Record<string, Written> => ({
  ...tinyConfig(architecture),
  ...tinyTokenizer,
  ...more,
});
const rows = (values: Float32Array, width: number): number[] =>
  Array.from({ length: values.length / width }, (_, row) => values[row * width] as number);

describe('the weights of a GGUF model', () => {
  it('have the names that Hugging Face gives them', async () => {
    const { weights } = await opened(tiny('qwen2'));
    expect([...weights.tensors.keys()]).toEqual([
      'model.embed_tokens.weight',
      'model.layers.0.input_layernorm.weight',
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.0.self_attn.k_proj.weight',
      'model.layers.0.self_attn.v_proj.weight',
      'model.layers.0.self_attn.o_proj.weight',
      'model.layers.0.post_attention_layernorm.weight',
      'model.layers.0.mlp.gate_proj.weight',
      'model.layers.0.mlp.up_proj.weight',
      'model.layers.0.mlp.down_proj.weight',
      'model.norm.weight',
    ]);
    expect(weights.tensors.get('model.norm.weight')).toEqual({
      name: 'model.norm.weight',
      type: 'f32',
      shape: [8],
    });
    expect((await failureOf(weights.readFloat32('token_embd.weight'))).code).toBe('model-invalid');
    await weights.close();
  });

  it('of Llama have the rows of queries and keys back where they were', async () => {
    const biases = { 'blk.0.attn_q.bias': counting([8], 50), 'blk.0.attn_k.bias': counting([4], 60) };
    const { weights, config } = await opened(tiny('llama'), { ...tinyTensors, ...biases });
    // Within a head of 4 the file holds rows 0 2 1 3: llama.cpp put (0, 2) and (1, 3), which rotate together, side by side.
    const q = await weights.readFloat32('model.layers.0.self_attn.q_proj.weight');
    expect(rows(q, 8)).toEqual([200, 216, 208, 224, 232, 248, 240, 256]);
    const k = await weights.readFloat32('model.layers.0.self_attn.k_proj.weight');
    expect(rows(k, 8)).toEqual([300, 316, 308, 324]);
    expect([...k.subarray(8, 16)]).toEqual([316, 317, 318, 319, 320, 321, 322, 323]);
    expect([...(await weights.readFloat32('model.layers.0.self_attn.q_proj.bias'))]).toEqual([
      50, 52, 51, 53, 54, 56, 55, 57,
    ]);
    const v = await weights.readFloat32('model.layers.0.self_attn.v_proj.weight');
    expect(rows(v, 8)).toEqual([400, 408, 416, 424]);
    expect(config.bias).toEqual({ qkv: true, output: false, feedForward: false });
    await weights.close();
  });

  it('of Qwen are as they are', async () => {
    const { weights, config } = await opened(tiny('qwen3'));
    expect(rows(await weights.readFloat32('model.layers.0.self_attn.k_proj.weight'), 8)).toEqual([
      300, 308, 316, 324,
    ]);
    expect([...(await weights.readFloat32('model.norm.weight'))]).toEqual([
      1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007,
    ]);
    expect(config).toMatchObject({
      family: 'qwen3',
      qkNorm: true,
      bias: { qkv: false, output: false, feedForward: false },
    });
    await weights.close();
  });

  it('of Gemma have norms around 0, and four of them', async () => {
    const more = {
      'blk.0.post_attention_norm.weight': counting([8], 10),
      'blk.0.post_ffw_norm.weight': counting([8], 20),
      'blk.0.attn_q_norm.weight': counting([4], 30),
    };
    const { weights, config } = await opened(tiny('gemma3', { 'gemma3.attention.sliding_window': u32(16) }), {
      ...tinyTensors,
      ...more,
    });
    const first = async (name: string) => (await weights.readFloat32(`model.layers.0.${name}.weight`))[0];
    expect(await first('input_layernorm')).toBe(99);
    expect(await first('post_attention_layernorm')).toBe(9);
    expect(await first('pre_feedforward_layernorm')).toBe(599);
    expect(await first('post_feedforward_layernorm')).toBe(19);
    expect(await first('self_attn.q_norm')).toBe(29);
    expect(await first('self_attn.q_proj')).toBe(200);
    expect(config).toMatchObject({ windows: [16], localRope: { theta: 10000 }, attentionScale: 0.5 });
    await weights.close();
  });

  it('may bring no tensor that the network has not', async () => {
    for (const name of [
      'blk.0.attn_qkv.weight',
      'blk.1.attn_q.weight',
      'v.patch_embd.weight',
      'blk.0.attn_q.scale',
      'blk.00.attn_q.weight',
    ]) {
      const tensors = { ...tinyTensors, [name]: counting([8, 8]) };
      expect(await refused(tiny('llama'), tensors)).toContain(
        `has the tensor '${name}', which a llama model of 1 layers has not`,
      );
    }
  });
});

describe('the config of a GGUF model', () => {
  it('is the one the model had', async () => {
    const { config, weights } = await opened(tiny('llama'));
    expect(config).toMatchObject({
      family: 'llama',
      hiddenSize: 8,
      layers: 1,
      heads: 2,
      kvHeads: 1,
      headDim: 4,
      intermediateSize: 12,
      vocabulary: 4,
      maxPositions: 64,
      normEpsilon: 2 ** -17,
      tiedEmbeddings: true,
      rope: { theta: 10000, scaling: { kind: 'none' } },
      endTokens: [3],
    });
    await weights.close();
    const untied = await opened(tiny('llama'), { ...tinyTensors, 'output.weight': counting([4, 8]) });
    expect(untied.config.tiedEmbeddings).toBe(false);
    await untied.weights.close();
  });

  it('takes the scaling of the rotation from wherever it stands', async () => {
    const scaling = async (more: Record<string, Written>, tensors = tinyTensors) => {
      const { config, weights } = await opened(tiny('llama', more), tensors);
      await weights.close();
      return config.rope.scaling;
    };
    const type = (name: string) => ({
      'llama.rope.scaling.type': str(name),
      'llama.rope.scaling.factor': f32Value(4),
    });
    expect(await scaling(type('none'))).toEqual({ kind: 'none' });
    expect(await scaling(type('linear'))).toEqual({ kind: 'linear', factor: 4 });
    expect(await scaling({ 'llama.rope.scale_linear': f32Value(2) })).toEqual({ kind: 'linear', factor: 2 });
    const yarn = { ...type('yarn'), 'llama.rope.scaling.original_context_length': u32(16) };
    expect(await scaling(yarn)).toMatchObject({
      kind: 'yarn',
      originalPositions: 16,
      attentionFactor: 0.1 * Math.log(4) + 1,
    });
    expect(await scaling({ ...yarn, 'llama.rope.scaling.attn_factor': f32Value(0.5) })).toMatchObject({
      attentionFactor: 0.5 * (0.1 * Math.log(4) + 1),
    });
    const divisors = { ...tinyTensors, 'rope_freqs.weight': counting([2], 1) };
    expect(await scaling({}, divisors)).toEqual({ kind: 'divisors', divisors: Float32Array.of(1, 2) });
    expect(await refused(tiny('llama'), { ...tinyTensors, 'rope_freqs.weight': counting([3], 1) })).toContain(
      'one number for each pair',
    );
    expect(await refused(tiny('llama'), { ...tinyTensors, 'rope_freqs.weight': counting([2]) })).toContain(
      'nothing can be divided',
    );
  });

  it('accepts a number given for every layer only where it is the same', async () => {
    const heads = (each: number[]) => tiny('llama', { 'llama.attention.head_count': i32s(each) });
    const { config, weights } = await opened(heads([2, 2]));
    expect(config.heads).toBe(2);
    await weights.close();
    expect(await refused(heads([2, 1]))).toContain("'num_attention_heads'");
  });

  it.each<[string, Record<string, Written>]>([
    ["architecture is 'phi3'", tiny('phi3')],
    ["architecture is ''", tinyTokenizer],
    ["'hidden_size'", tiny('llama', { 'llama.embedding_length': str('8') })],
    ["'num_hidden_layers'", tiny('llama', { 'llama.block_count': { type: 10, value: 2n ** 63n } })],
    ["'rope.dimension_count'", tiny('llama', { 'llama.rope.dimension_count': u32(2) })],
    ["'attention.value_length'", tiny('llama', { 'llama.attention.value_length': u32(8) })],
    ['experts of their own', tiny('llama', { 'llama.expert_count': u32(8) })],
  ])('is refused where %s', async (why, metadata) => {
    expect(await refused(metadata)).toContain(why);
  });
});

async function chorusTokenizer({ tokenizer, config }: TokenizerFiles): Promise<ChorusTokenizer> {
  const folder = temporaryFolder();
  const [file, configFile] = [join(folder, 'tokenizer.json'), join(folder, 'tokenizer_config.json')];
  writeFileSync(file, JSON.stringify(tokenizer));
  writeFileSync(configFile, JSON.stringify(config));
  return readTokenizer(file, configFile);
}

describe('the tokenizer of a GGUF model', () => {
  it('is the one the model had: same hash, so both forms of a model may be mixed', async () => {
    const { tokenizer, weights } = await opened({ ...tinyConfig('llama'), ...pocketTokenizer('code') });
    await weights.close();
    const read = await chorusTokenizer(tokenizer);
    const original = await readTokenizer(
      join(pocket('code'), 'tokenizer.json'),
      join(pocket('code'), 'tokenizer_config.json'),
    );
    expect(read.hash).toBe(original.hash);
    expect(read.specialIds).toEqual(original.specialIds);
    expect(read.names).toEqual(original.names);
    expect(read.chatTemplate).toBe('{{ messages }}');
    for (const text of [
      'function add(a: number, b: number) {\n\treturn a + b;\n}\r\n',
      "größe: 日本語 🙂 e\u0301 1234567 don't   DON'T",
      '<|im_start|>user\nx<|im_end|>\n<|fim_prefix|>',
      '  \n\n   x  ',
    ]) {
      expect(read.encode(text)).toEqual(original.encode(text));
      expect(read.encodeWithSpecials(text)).toEqual(original.encodeWithSpecials(text));
    }
  });

  it('keeps tokens named like members of objects', async () => {
    const tokens = strings(['a', 'b', '__proto__', 'constructor']);
    const { tokenizer, weights } = await opened(
      tiny('llama', {
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.merges': strings([]),
        'tokenizer.ggml.token_type': i32s([1, 1, 1, 1]),
      }),
    );
    await weights.close();
    const read = await chorusTokenizer(tokenizer);
    expect([2, 3].map((id) => new TextDecoder().decode(read.bytes(id)))).toEqual([
      '__proto__',
      'constructor',
    ]);
  });

  it('of SentencePiece finds its merges by the scores, and writes unknown characters as bytes', async () => {
    const bytes = Array.from(
      { length: 256 },
      (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    const pieces = ['▁', 'a', 'b', 'c', 'ab', 'bc', 'abc', '▁abc', '▁a'];
    const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces];
    const types = [2, 3, 3, ...bytes.map(() => 6), ...pieces.map(() => 1)];
    // The highest score first: bc before ab before ▁a.
    const scores = [0, 0, 0, ...bytes.map(() => 0), -10, -11, -12, -13, -1, 0, -3, -4, -2];
    const metadata = tiny('llama', {
      'tokenizer.ggml.model': str('llama'),
      'tokenizer.ggml.tokens': strings(tokens),
      'tokenizer.ggml.token_type': i32s(types),
      'tokenizer.ggml.scores': f32s(scores),
      'tokenizer.ggml.bos_token_id': u32(1),
      'tokenizer.ggml.unknown_token_id': u32(0),
    });
    const { tokenizer, weights } = await opened(metadata);
    await weights.close();
    const json = tokenizer.tokenizer as { model: { merges: string[][] } };
    expect(json.model.merges).toEqual([
      ['b', 'c'],
      ['a', 'b'],
      ['▁', 'a'],
      ['ab', 'c'],
      ['a', 'bc'],
      ['▁a', 'bc'],
      ['▁', 'abc'],
    ]);
    const encoder = new Tokenizer(tokenizer.tokenizer, tokenizer.config);
    expect(encoder.encode('abc').tokens).toEqual(['<s>', '▁abc']);
    expect(encoder.encode('ab ä').tokens).toEqual(['<s>', '▁', 'ab', '▁', '<0xC3>', '<0xA4>']);
    expect(encoder.decode(encoder.encode('ab ä').ids, { skip_special_tokens: true })).toBe('ab ä');

    const plain = await opened({
      ...metadata,
      'tokenizer.ggml.add_space_prefix': bool(false),
      'tokenizer.ggml.add_bos_token': bool(false),
    });
    await plain.weights.close();
    const gemma = new Tokenizer(plain.tokenizer.tokenizer, plain.tokenizer.config);
    expect(gemma.encode('abc a').tokens).toEqual(['abc', '▁a']);
    expect(gemma.decode(gemma.encode(' abc').ids)).toBe(' abc');
  });

  it('spells the blanks of tokens that a user defined as SentencePiece does', async () => {
    const { tokenizer, weights } = await opened(
      tiny('llama', {
        'tokenizer.ggml.model': str('llama'),
        'tokenizer.ggml.tokens': strings(['▁', '  ']),
        'tokenizer.ggml.token_type': i32s([1, 4]),
        'tokenizer.ggml.scores': f32s([0, 0]),
        'tokenizer.ggml.add_space_prefix': bool(false),
      }),
    );
    await weights.close();
    expect(tokenizer.tokenizer).toMatchObject({
      model: { vocab: { '▁': 0, '▁▁': 1 }, merges: [['▁', '▁']] },
      added_tokens: [{ id: 1, content: '▁▁', special: false }],
    });
    const read = await chorusTokenizer(tokenizer);
    expect(read.encode('  ')).toEqual([1]);
    expect(new TextDecoder().decode(read.bytes(1))).toBe('  ');
  });

  it.each<[string, Record<string, Written>]>([
    ["its tokenizer is 'bert'", { 'tokenizer.ggml.model': str('bert') }],
    ["splits texts as 'falcon'", { 'tokenizer.ggml.pre': str('falcon') }],
    ['has not 1 to', { 'tokenizer.ggml.tokens': strings([]) }],
    ['has not 1 to', { 'tokenizer.ggml.tokens': i32s([1, 2]) }],
    ['has a token twice', { 'tokenizer.ggml.tokens': strings(['a', 'b', 'a', 'c']) }],
    ['have not one type each', { 'tokenizer.ggml.token_type': i32s([1]) }],
    ['it has no merges', { 'tokenizer.ggml.merges': str('a b') }],
    ['not of two tokens', { 'tokenizer.ggml.merges': strings(['ab']) }],
    ['not of two tokens', { 'tokenizer.ggml.merges': strings(['a ']) }],
    ['have not one score each', { 'tokenizer.ggml.model': str('llama') }],
    [
      'more than 16000000 characters',
      { 'tokenizer.ggml.tokens': strings(['a', 'b', 'c', 'd'.repeat(16_000_001)]) },
    ],
  ])('is refused where %s', async (why, metadata) => {
    expect(await refused(tiny('llama', metadata))).toContain(why);
  });
});
