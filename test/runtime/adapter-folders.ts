/** Made-up LoRA adapters over the pocket expert `code`, as PEFT writes them. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensorsBytes, type WrittenTensor } from '../graph/safetensors-bytes.ts';

/** [outputs, inputs] of what may be adapted in each layer. */
const modules = {
  'self_attn.q_proj': [256, 256],
  'self_attn.k_proj': [128, 256],
  'self_attn.v_proj': [128, 256],
  'self_attn.o_proj': [256, 256],
  'mlp.gate_proj': [704, 256],
  'mlp.up_proj': [704, 256],
  'mlp.down_proj': [256, 704],
} as const;

export interface WrittenAdapter {
  readonly rank: number;
  readonly seed: number;
  readonly layers: readonly number[];
  readonly modules: readonly (keyof typeof modules)[];
  /** `base_model_name_or_path`. */
  readonly base?: string;
  /** chorus.json. */
  readonly manifest?: object;
}

/** Writes the adapter to `folder`, which may not be there yet, and returns it. */
export function writeAdapter(folder: string, adapter: WrittenAdapter): string {
  const { rank, seed, layers, base = 'nowhere/base', manifest } = adapter;
  const noise = (shape: readonly [number, number], at: number): WrittenTensor => {
    const values = Float32Array.from(
      { length: shape[0] * shape[1] },
      (_, i) => 0.15 * Math.sin(seed * 31 + at * 7 + i * 1.7 + ((i * i) % 13)),
    );
    return { dtype: 'F32', shape, data: new Uint8Array(values.buffer) };
  };
  const tensors: Record<string, WrittenTensor> = {};
  let at = 0;
  for (const layer of layers) {
    for (const module of adapter.modules) {
      const [outputs, inputs] = modules[module];
      const name = `base_model.model.model.layers.${layer}.${module}`;
      tensors[`${name}.lora_A.weight`] = noise([rank, inputs], at++);
      tensors[`${name}.lora_B.weight`] = noise([outputs, rank], at++);
    }
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'adapter_model.safetensors'), safetensorsBytes(tensors));
  writeFileSync(
    join(folder, 'adapter_config.json'),
    JSON.stringify({
      peft_type: 'LORA',
      r: rank,
      lora_alpha: 2,
      bias: 'none',
      target_modules: null,
      base_model_name_or_path: base,
    }),
  );
  if (manifest !== undefined) writeFileSync(join(folder, 'chorus.json'), JSON.stringify(manifest));
  return folder;
}
