import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAdapter } from '../../src/graph/adapter.ts';
import type { TensorInfo } from '../../src/graph/tensor-source.ts';
import { temporaryFolder } from '../programs.ts';
import { failureOf } from './failing.ts';
import { f32, safetensorsBytes, type WrittenTensor } from './safetensors-bytes.ts';

const q = 'model.layers.0.self_attn.q_proj';
const down = 'model.layers.0.mlp.down_proj';
const base = new Map<string, TensorInfo>(
  [
    { name: `${q}.weight`, type: 'bf16' as const, shape: [4, 3] },
    { name: `${down}.weight`, type: 'q4_0' as const, shape: [3, 5] },
    { name: 'model.norm.weight', type: 'f32' as const, shape: [3] },
  ].map((info) => [info.name, info]),
);
const config = {
  peft_type: 'LORA',
  r: 2,
  lora_alpha: 8,
  target_modules: ['q_proj', 'down_proj'],
  bias: 'none',
  fan_in_fan_out: false,
  use_rslora: false,
  use_dora: false,
  modules_to_save: null,
  rank_pattern: {},
  alpha_pattern: {},
  lora_dropout: 0.1,
};
const zeros = (shape: readonly [number, number]): WrittenTensor =>
  f32(shape, new Array(shape[0] * shape[1]).fill(0));
const tensors: Record<string, WrittenTensor> = {
  [`base_model.model.${q}.lora_A.weight`]: f32([2, 3], [1, 2, 3, 4, 5, 6]),
  [`base_model.model.${q}.lora_B.weight`]: f32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
  [`base_model.model.${down}.lora_B.weight`]: zeros([3, 2]),
  [`base_model.model.${down}.lora_A.weight`]: zeros([2, 5]),
};

function folderOf(json: object, written = tensors): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(json));
  writeFileSync(join(folder, 'adapter_model.safetensors'), safetensorsBytes(written));
  return folder;
}
const refused = async (json: object, written = tensors): Promise<string> => {
  const { code, message } = await failureOf(openAdapter(folderOf(json, written), base));
  expect(['model-invalid', 'unsupported', 'config-invalid']).toContain(code);
  return message;
};
const without = (name: string): Record<string, WrittenTensor> =>
  Object.fromEntries(Object.entries(tensors).filter(([key]) => !key.endsWith(name)));

describe('a LoRA adapter', () => {
  it('gives both halves of each module it adapts, and their scale', async () => {
    const adapter = await openAdapter(folderOf(config), base);
    expect(adapter).toMatchObject({ rank: 2, scale: 4 });
    expect([...adapter.parts.keys()]).toEqual([q, down]);
    expect(adapter.parts.get(q)).toMatchObject({ module: q, outputs: 4, inputs: 3 });
    const { a, b } = (await adapter.parts.get(q)?.read()) ?? {};
    expect([...(a ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(b ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await adapter.close();
  });

  it('is scaled by the root of its rank in the stabilised form', async () => {
    const adapter = await openAdapter(folderOf({ ...config, use_rslora: true }), base);
    expect(adapter.scale).toBe(8 / Math.sqrt(2));
    await adapter.close();
  });

  it('may name its modules whole, or by a pattern, which is not run', async () => {
    for (const target_modules of [[q, down], '(a+)+$', null]) {
      await (await openAdapter(folderOf({ ...config, target_modules }), base)).close();
    }
  });

  it.each<[string, object]>([
    ["of the kind 'IA3'", { peft_type: 'IA3' }],
    ["changes biases ('bias': 'all')", { bias: 'all' }],
    ['DoRA', { use_dora: true }],
    ['QA-LoRA', { use_qalora: true }],
    ['the other way round', { fan_in_fan_out: true }],
    ['biases of its own', { lora_bias: true }],
    ['whole modules beside it', { modules_to_save: ['lm_head'] }],
    ['different ranks', { rank_pattern: { q_proj: 4 } }],
    ['different scales', { alpha_pattern: { q_proj: 4 } }],
    ['repeated layers', { layer_replication: [[0, 1]] }],
    ['single rows', { trainable_token_indices: [1] }],
    ['no module', { target_parameters: ['x'] }],
    ["'r'", { r: 0 }],
    ["'r'", { r: 1.5 }],
    ["'lora_alpha'", { lora_alpha: '8' }],
    ["its 'target_modules' do not name", { target_modules: ['q_proj', 'proj'] }],
    ['this base and rank want [4,3]', { r: 4 }],
  ])('is refused where %s', async (why, change) => {
    expect(await refused({ ...config, ...change })).toContain(why);
  });

  it('is refused where its tensors do not fit the base', async () => {
    const wrong = { ...tensors, [`base_model.model.${q}.lora_B.weight`]: zeros([3, 2]) };
    expect(await refused(config, wrong)).toContain('has the shape [3,2], and this base and rank want [4,2]');
    const other: Record<string, WrittenTensor> = {
      ...tensors,
      'base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight': zeros([2, 3]),
    };
    expect(await refused(config, other)).toContain('one half, A, without the other');
    other['base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight'] = zeros([4, 2]);
    expect(await refused(config, other)).toContain('which the base model has not');
    const norm = {
      'base_model.model.model.norm.lora_A.weight': zeros([2, 3]),
      'base_model.model.model.norm.lora_B.weight': zeros([3, 2]),
    };
    expect(await refused({ ...config, target_modules: ['norm'] }, norm)).toContain(
      'which the base model has not',
    );
  });

  it('is refused where a half or everything is missing, and where there is more', async () => {
    expect(await refused(config, without(`${q}.lora_A.weight`))).toContain('one half, B, without the other');
    expect(await refused(config, {})).toContain('adapts nothing');
    const more = { ...tensors, 'base_model.model.lm_head.weight': zeros([1, 1]) };
    expect(await refused(config, more)).toContain('no half of an adapted module');
    const embedding = { ...tensors, 'base_model.model.model.embed_tokens.lora_embedding_A': zeros([1, 1]) };
    expect(await refused(config, embedding)).toContain('no half of an adapted module');
    const { code } = await failureOf(openAdapter(temporaryFolder(), base));
    expect(code).toBe('file-missing');
  });
});
