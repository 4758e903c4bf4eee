/**
 * The file of an EMR merge: for every tensor the elected vector and a mask for each expert, and the experts' scales.
 * model.safetensors beside it holds base + elected, so the base is their difference and each expert can be rebuilt from the two.
 */

import { type WrittenTensor, writeSafetensors } from '../graph/safetensors-write.ts';
import { type TensorInfo, valueCount } from '../graph/tensor-source.ts';
import { electInto, maskBytes, type ScaleSums, scaleOf } from './emr.ts';
import { type Mixing, read } from './merge-tensor.ts';
import { metadata, type Step, type Store } from './model-folder.ts';
import type { StoredType } from './recipe.ts';
import { subtractBase } from './task-vectors.ts';

export const emrFile = 'emr.safetensors';
export const scalesName = 'scales';
export const electedName = (tensor: string): string => `${tensor}.elected`;
export const maskName = (tensor: string, task: number): string => `${tensor}.mask.${task}`;

export function emrTensors(
  infos: readonly TensorInfo[],
  { type, tasks }: { readonly type: StoredType; readonly tasks: number },
): WrittenTensor[] {
  const tensors = infos.flatMap(({ name, shape }): WrittenTensor[] => {
    const entries = valueCount(shape);
    const masks = Array.from(
      { length: tasks },
      (_, task): WrittenTensor => ({
        name: maskName(name, task),
        type: 'u8',
        shape: [maskBytes(entries)],
      }),
    );
    return [{ name: electedName(name), type, shape }, ...masks];
  });
  // Floats first keeps them aligned.
  tensors.sort((a, b) => Number(a.type === 'u8') - Number(b.type === 'u8'));
  return [{ name: scalesName, type: 'f32', shape: [tasks] }, ...tensors];
}

export interface EmrTarget {
  readonly file: string;
  readonly tensors: readonly WrittenTensor[];
  /** Of the model. */
  readonly names: readonly string[];
  readonly tasks: readonly string[];
  /** Stores a tensor of base + elected. */
  readonly store: Store;
  readonly step: Step;
}

export async function mergeByEmr(
  { file, tensors, names, tasks, store, step }: EmrTarget,
  { recipe, inputs }: Mixing,
): Promise<void> {
  const { base = '' } = recipe;
  const sums = tasks.map((): ScaleSums => ({ own: 0, kept: 0 }));
  await writeSafetensors(file, { tensors, metadata }, async (writer) => {
    for (const name of names) {
      step(name);
      const merged = await read(inputs, base, name);
      const vectors: Float32Array[] = [];
      for (const model of tasks) {
        const vector = await read(inputs, model, name);
        subtractBase(vector, merged);
        vectors.push(vector);
      }
      const elected = new Float32Array(merged.length);
      const { masks } = electInto(vectors, sums, elected);
      await writer.write(electedName(name), elected);
      for (const [task, mask] of masks.entries()) await writer.writeBytes(maskName(name, task), mask);
      for (let i = 0; i < merged.length; i++) merged[i] = (merged[i] as number) + (elected[i] as number);
      await store(name, merged);
    }
    await writer.write(scalesName, Float32Array.from(sums, scaleOf));
  });
}
