/** The tiny decoders of test/golden/tiny-models.py: their tensors by the same formula, and what transformers says of them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig, type ModelConfig } from '../../src/graph/config.ts';
import type { TensorSource } from '../../src/graph/tensor-source.ts';
import { root } from '../programs.ts';

export interface TinyModel {
  /** As it stands in config.json. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly config: ModelConfig;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly tokens: readonly number[];
  /** After each token, of all logits. */
  readonly logSumExps: readonly number[];
  /** After token i the logits of tokens (7 i + 13 j) mod vocabulary, j counting from 0. */
  readonly named: readonly (readonly number[])[];
}

interface Written extends Omit<TinyModel, 'json' | 'config' | 'shapes'> {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: TinyModel['shapes'];
}

const golden = JSON.parse(readFileSync(join(root, 'test/golden/tiny-models.json'), 'utf8')) as {
  cases: Record<string, Written>;
};
export const tinyNames = Object.keys(golden.cases);

export function tinyModel(name: string): TinyModel {
  const found = golden.cases[name];
  if (found === undefined) throw new Error(`no tiny model '${name}'`);
  const { config: json, tensors: shapes, ...answers } = found;
  return { json, config: checkConfig(name, json), shapes, ...answers };
}

/** `weight` of tiny-models.py. */
export function tinyWeight(name: string, shape: readonly number[], offset: number): Float32Array {
  let state = 0;
  for (const byte of Buffer.from(name)) state = (Math.imul(state, 31) + byte) >>> 0;
  const scale = shape.length === 2 ? 1.7 / Math.sqrt(shape[1] ?? 1) : 0.3;
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * scale + offset;
  });
}

/** By Hugging Face's names. */
export function tinyTensors({ shapes, config }: TinyModel): Map<string, Float32Array> {
  const around = (name: string): number => (name.endsWith('norm.weight') && config.normOffset === 0 ? 1 : 0);
  return new Map(
    Object.entries(shapes).map(([name, shape]) => [name, tinyWeight(name, shape, around(name))]),
  );
}

export function tinySource(model: TinyModel, tensors = tinyTensors(model)): TensorSource {
  return {
    tensors: new Map(
      [...tensors.keys()].map((name) => [name, { name, type: 'f32', shape: model.shapes[name] ?? [] }]),
    ),
    readFloat32: async (name) => {
      const values = tensors.get(name);
      if (values === undefined) throw new Error(`no ${name}`);
      return values.slice();
    },
    close: async () => {},
  };
}
