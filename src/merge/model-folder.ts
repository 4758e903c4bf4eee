/** The folder of a model that is made tensor by tensor: its weights, and beside them what result-files.ts writes. */

import { basename, join, resolve } from 'node:path';
import {
  type Metadata,
  safetensorsSize,
  type WrittenTensor,
  writeSafetensors,
} from '../graph/safetensors-write.ts';
import { type TensorInfo, valueCount } from '../graph/tensor-source.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { MergeProgress, MergeReport } from '../protocol/merge.ts';
import { intoNewFolder, type NewFolderOptions } from './new-folder.ts';
import type { StoredType } from './recipe.ts';
import { copiedBytes, type ResultOptions, writeResultFiles } from './result-files.ts';

export interface FolderOptions {
  /** The folder to make. */
  readonly out: string;
  /** Of the result; the folder's own unless given. */
  readonly name?: string;
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: MergeProgress) => void;
  readonly freeBytes?: NewFolderOptions['freeBytes'];
}

/** Called before each tensor: says how far it is, and throws where it was cancelled. */
export type Step = (tensor: string) => void;

/** Stores a tensor of the result; throws where a value cannot be stored. */
export type Store = (tensor: string, values: Float32Array) => Promise<void>;

export interface NewModel {
  /** In the order in which they are stored. */
  readonly tensors: readonly TensorInfo[];
  readonly type: StoredType;
  /** A further file of tensors, where there is one. */
  readonly further?: { readonly tensors: readonly WrittenTensor[] } | undefined;
  /** Folders that are read meanwhile. */
  readonly inputs: readonly string[];
  readonly result: Omit<ResultOptions, 'name' | 'type' | 'details' | 'completion'>;
  /** What is known once all tensors are stored. */
  readonly described: () => Promise<Pick<ResultOptions, 'completion' | 'details'>>;
  readonly write: (writing: {
    readonly draft: string;
    readonly store: Store;
    readonly step: Step;
  }) => Promise<void>;
}

export const metadata: Metadata = { format: 'pt' };
/** For config and manifest. */
const SMALL_FILES = 65_536;

export async function makeModelFolder(
  options: FolderOptions,
  { tensors, type, further, inputs, result, described, write }: NewModel,
): Promise<Omit<MergeReport, 'notes'>> {
  const { out, force = false, freeBytes } = options;
  const written = tensors.map(({ name, shape }): WrittenTensor => ({ name, type, shape }));
  const weightBytes =
    safetensorsSize(written, metadata) + (further ? safetensorsSize(further.tensors, metadata) : 0);
  const bytes = weightBytes + (await copiedBytes(result)) + SMALL_FILES;
  await intoNewFolder(out, { bytes, force, inputs, freeBytes }, async (draft) => {
    const step = steps(tensors, options);
    await writeSafetensors(join(draft, 'model.safetensors'), { tensors: written, metadata }, (writer) =>
      write({
        draft,
        step,
        async store(tensor, values) {
          checkStorable(tensor, values, type);
          await writer.write(tensor, values);
        },
      }),
    );
    const name = options.name ?? basename(resolve(out));
    await writeResultFiles(draft, { ...result, ...(await described()), type, name });
    step('');
  });
  return { folder: resolve(out), tensors: tensors.length, bytes: weightBytes };
}

/** Before each tensor: says how far the merge is, and ends it where it was cancelled. */
function steps(
  infos: readonly TensorInfo[],
  { signal, onProgress }: Pick<FolderOptions, 'signal' | 'onProgress'>,
): Step {
  const sizes = new Map(infos.map(({ name, shape }) => [name, valueCount(shape)]));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let done = 0;
  let last = 0;
  return (tensor) => {
    if (signal?.aborted)
      throw new ChorusError('cancelled', 'The merge was cancelled; nothing was kept of it.');
    done += last;
    last = sizes.get(tensor) ?? 0;
    onProgress?.({ done: total === 0 ? 1 : done / total, tensor });
  };
}

/** Above it a float16 is infinite. */
const LARGEST_HALF = 65_504;

function checkStorable(tensor: string, values: Float32Array, type: StoredType): void {
  const most = type === 'f16' ? LARGEST_HALF : Number.MAX_VALUE;
  for (const value of values) {
    if (Math.abs(value) <= most) continue;
    const remedy = Number.isFinite(value)
      ? 'Store the result as bfloat16 or float32'
      : 'One of the models is damaged, or the weights are far too large';
    throw new ChorusError(
      'model-invalid',
      `The merged tensor ${tensor} has the value ${value}, which cannot be stored. ${remedy}.`,
    );
  }
}
