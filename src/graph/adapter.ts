/**
 * Reads a LoRA adapter (arXiv 2106.09685) as PEFT stores it: adapter_config.json and adapter_model.safetensors. It adds
 * scale * B A to a weight W [out, in] of the base, A [rank, in] and B [out, rank]. What PEFT can do beyond that is refused.
 */

import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../models/json.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';
import { openSafetensors } from './safetensors.ts';
import type { TensorInfo, TensorSource } from './tensor-source.ts';

export interface AdapterPart {
  /** Without `.weight`: model.layers.0.self_attn.q_proj. */
  readonly module: string;
  /** Of W [out, in]. */
  readonly outputs: number;
  readonly inputs: number;
  /** A [rank, inputs] and B [outputs, rank], row-major. */
  read(): Promise<{ readonly a: Float32Array; readonly b: Float32Array }>;
}

export interface Adapter {
  readonly rank: number;
  /** lora_alpha / rank, or lora_alpha / sqrt(rank) in the stabilised form (arXiv 2312.03732). */
  readonly scale: number;
  /** By module, in the order of the file. */
  readonly parts: ReadonlyMap<string, AdapterPart>;
  close(): Promise<void>;
}

const MOST_RANK = 65_536;
/** Absent, null, false, 0 or empty: the feature is not used. */
const unused = v.custom<unknown>(
  (value) =>
    value === undefined ||
    value === null ||
    value === false ||
    (typeof value === 'object' && Object.keys(value).length === 0),
);

/** Features that would make the sum another one than the one above. */
const features = {
  use_dora: 'DoRA',
  use_qalora: 'QA-LoRA',
  lora_bias: 'biases of its own',
  fan_in_fan_out: 'weights stored the other way round',
  modules_to_save: 'whole modules beside it',
  alpha_pattern: 'different scales for different modules',
  rank_pattern: 'different ranks for different modules',
  layer_replication: 'repeated layers',
  trainable_token_indices: 'single rows of the embedding',
  target_parameters: 'parameters that are no module',
} as const;

const schema = v.looseObject({
  peft_type: v.string(),
  r: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_RANK)),
  lora_alpha: v.pipe(v.number(), v.finite()),
  use_rslora: v.optional(v.boolean(), false),
  bias: v.optional(v.string(), 'none'),
  /** Names of modules, or a pattern that is not needed: the names of the tensors say what is adapted. */
  target_modules: v.nullish(v.union([v.string(), v.array(v.string())])),
});

const tensorName = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/** Opens the adapter in `folder` for a base with the tensors `base`; a shape that does not fit is an error. */
export async function openAdapter(folder: string, base: TensorSource['tensors']): Promise<Adapter> {
  const configFile = join(folder, 'adapter_config.json');
  const config = await readJson(configFile, schema);
  refuseOthers(configFile, config);
  const file = join(folder, 'adapter_model.safetensors');
  const source = await openSafetensors(file);
  try {
    return {
      rank: config.r,
      scale: config.lora_alpha / (config.use_rslora ? Math.sqrt(config.r) : config.r),
      parts: readParts(file, config, { source, base }),
      close: () => source.close(),
    };
  } catch (thrown) {
    await source.close();
    throw thrown;
  }
}

function refuseOthers(file: string, config: v.InferOutput<typeof schema>): void {
  if (config.peft_type !== 'LORA') {
    throw unsupportedModel(
      file,
      `it is an adapter of the kind ${quoted(config.peft_type)}, and Chorus reads LORA`,
    );
  }
  if (config.bias !== 'none')
    throw unsupportedModel(file, `it changes biases ('bias': ${quoted(config.bias)})`);
  for (const [key, what] of Object.entries(features)) {
    if (!v.is(unused, config[key])) throw unsupportedModel(file, `it uses ${what} ('${key}')`);
  }
}

function readParts(
  file: string,
  config: v.InferOutput<typeof schema>,
  { source, base }: { source: TensorSource; base: TensorSource['tensors'] },
): Map<string, AdapterPart> {
  const targets = Array.isArray(config.target_modules) ? config.target_modules : undefined;
  const halves = new Map<string, { A?: TensorInfo; B?: TensorInfo }>();
  for (const info of source.tensors.values()) {
    const [, module, half] = tensorName.exec(info.name) ?? [];
    if (module === undefined || (half !== 'A' && half !== 'B')) {
      throw unsupportedModel(
        file,
        `it has the tensor ${quoted(info.name)}, which is no half of an adapted module`,
      );
    }
    if (
      targets !== undefined &&
      !targets.some((target) => module === target || module.endsWith(`.${target}`))
    ) {
      throw invalidModel(file, `it adapts ${quoted(module)}, which its 'target_modules' do not name`);
    }
    halves.set(module, { ...halves.get(module), [half]: info });
  }
  if (halves.size === 0) throw invalidModel(file, 'it adapts nothing');
  const parts = new Map<string, AdapterPart>();
  for (const [module, { A, B }] of halves) {
    if (A === undefined || B === undefined) {
      throw invalidModel(
        file,
        `of ${quoted(module)} it has one half, ${A === undefined ? 'B' : 'A'}, without the other`,
      );
    }
    parts.set(module, fitted(file, { module, A, B, rank: config.r }, { source, base }));
  }
  return parts;
}

interface Found {
  readonly module: string;
  readonly A: TensorInfo;
  readonly B: TensorInfo;
  readonly rank: number;
}

function fitted(
  file: string,
  { module, A, B, rank }: Found,
  { source, base }: { source: TensorSource; base: TensorSource['tensors'] },
): AdapterPart {
  const weight = base.get(`${module}.weight`);
  const [outputs, inputs] = weight?.shape ?? [];
  if (outputs === undefined || inputs === undefined || weight?.shape.length !== 2) {
    throw invalidModel(file, `it adapts ${quoted(module)}, which the base model has not`);
  }
  const expected = [
    [A, [rank, inputs]],
    [B, [outputs, rank]],
  ] as const;
  for (const [{ name, shape }, wanted] of expected) {
    if (shape.length !== 2 || shape[0] !== wanted[0] || shape[1] !== wanted[1]) {
      throw invalidModel(
        file,
        `the tensor ${quoted(name)} has the shape [${shape}], and this base and rank want [${wanted}]`,
      );
    }
  }
  const read = async () => ({ a: await source.readFloat32(A.name), b: await source.readFloat32(B.name) });
  return { module, outputs, inputs, read };
}
