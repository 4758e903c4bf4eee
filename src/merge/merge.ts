/**
 * Merges models into a new model folder, tensor by tensor: at most one tensor of each model is in memory. The folder appears
 * under its name when it is whole.
 */

import { basename, join, resolve } from 'node:path';
import {
  createSafetensors,
  type Metadata,
  safetensorsSize,
  type WrittenTensor,
} from '../graph/safetensors-write.ts';
import type { TensorInfo } from '../graph/tensor-source.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { MergeProgress, MergeReport } from '../protocol/merge.ts';
import { checkAgreement } from './agreement.ts';
import { emrFile, emrTensors, mergeByEmr } from './emr-files.ts';
import { type FolderOf, type MergeInput, openInput } from './inputs.ts';
import { mergeTensor, tasksOf } from './merge-tensor.ts';
import { intoNewFolder, type NewFolderOptions } from './new-folder.ts';
import { modelsOf, type Recipe, type StoredType } from './recipe.ts';
import { completionOf, completionOfAll, copiedBytes, shortName, writeResultFiles } from './result-files.ts';

export interface MergeOptions {
  readonly recipe: Recipe;
  readonly folderOf: FolderOf;
  /** The folder to make. */
  readonly out: string;
  /** Of the result; the folder's own unless given. */
  readonly name?: string;
  /** Decides what DARE leaves out. */
  readonly seed: number;
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: MergeProgress) => void;
  readonly freeBytes?: NewFolderOptions['freeBytes'];
}

/** Rejects with a `ChorusError`: what does not fit together, a missing file, too little space, or `cancelled`. */
export async function mergeModels(options: MergeOptions): Promise<MergeReport> {
  const { recipe, folderOf } = options;
  const inputs = new Map<string, MergeInput>();
  try {
    const models = modelsOf(recipe);
    const folders = models.map(folderOf);
    for (const model of models) inputs.set(model, await openInput(model, { folderOf, folders }));
    return await mergeOpened(options, inputs);
  } finally {
    await Promise.all([...inputs.values()].map(({ source }) => source.close()));
  }
}

async function mergeOpened(
  options: MergeOptions,
  inputs: ReadonlyMap<string, MergeInput>,
): Promise<MergeReport> {
  const { recipe, seed, out, force = false, freeBytes } = options;
  const [first] = inputs.values();
  if (first === undefined) throw new Error('a recipe names at least one model');
  const { names, notes } = checkAgreement([...inputs.values()]);
  const layers = first.config.num_hidden_layers;
  checkLayers(recipe, layers);
  const infos = names.map((name) => first.source.tensors.get(name) as TensorInfo);
  const type = recipe.type ?? storedType(infos);
  const written = infos.map(({ name, shape }): WrittenTensor => ({ name, type, shape }));
  const metadata: Metadata = { format: 'pt' };
  const tasks = recipe.method === 'emr' ? tasksOf(recipe) : [];
  const extra = tasks.length > 0 ? emrTensors(infos, { type, tasks: tasks.length }) : [];
  const tokenizer = inputs.get(recipe.tokenizer ?? first.model) ?? first;
  const weightBytes =
    safetensorsSize(written, metadata) + (extra.length > 0 ? safetensorsSize(extra, metadata) : 0);
  const bytes = weightBytes + (await copiedBytes({ first, tokenizer })) + 65_536;
  const name = options.name ?? basename(resolve(out));
  const folders = [...inputs.values()].map(({ folder }) => folder);
  await intoNewFolder(out, { bytes, force, inputs: folders, freeBytes }, async (draft) => {
    const writer = await createSafetensors(join(draft, 'model.safetensors'), written, metadata);
    const step = steps(infos, options);
    const store = async (tensor: string, values: Float32Array): Promise<void> => {
      checkStorable(tensor, values, type);
      await writer.write(tensor, values);
    };
    try {
      const mixing = { recipe, inputs, layers, seed };
      if (tasks.length > 0) {
        await mergeByEmr(
          { file: join(draft, emrFile), tensors: extra, metadata, names, tasks, store, step },
          mixing,
        );
      } else {
        for (const tensor of names) {
          step(tensor);
          await store(tensor, await mergeTensor(tensor, mixing));
        }
      }
      await writer.finish();
    } catch (thrown) {
      await writer.close();
      throw thrown;
    }
    const details = tasks.length > 0 ? await emrDetails(tasks, inputs) : {};
    const completion = await completionOfAll(folders);
    await writeResultFiles(draft, { recipe, first, tokenizer, type, seed, name, completion, details });
    step('');
  });
  return {
    folder: resolve(out),
    tensors: names.length,
    bytes: weightBytes,
    notes: [...recipe.notes, ...notes],
  };
}

/** What is needed to rebuild an expert as it was. */
async function emrDetails(
  tasks: readonly string[],
  inputs: ReadonlyMap<string, MergeInput>,
): Promise<Readonly<Record<string, unknown>>> {
  const folders = tasks.map((model) => inputs.get(model)?.folder ?? '');
  const completions = await Promise.all(folders.map(completionOf));
  return { experts: tasks.map(shortName), completions: completions.map((one) => one ?? null) };
}

function checkLayers({ slices }: Recipe, layers: number): void {
  const end = slices.at(-1)?.end;
  if (end === undefined || end === layers) return;
  throw new ChorusError(
    'request-invalid',
    `The slices of the recipe end at layer ${end}, and the models have ${layers} layers. Let the slices go through all of them.`,
  );
}

/** As most of the first model's entries are. */
function storedType(infos: readonly TensorInfo[]): StoredType {
  const counts = { f32: 0, f16: 0, bf16: 0 };
  for (const { type, shape } of infos) {
    if (type === 'f32' || type === 'f16' || type === 'bf16') {
      counts[type] += shape.reduce((product, size) => product * size, 1);
    }
  }
  const most = Math.max(counts.f32, counts.f16, counts.bf16);
  return counts.bf16 === most ? 'bf16' : counts.f16 === most ? 'f16' : 'f32';
}

/** Before each tensor: says how far the merge is, and ends it where it was cancelled. */
export function steps(
  infos: readonly TensorInfo[],
  { signal, onProgress }: Pick<MergeOptions, 'signal' | 'onProgress'>,
): (tensor: string) => void {
  const sizes = new Map(
    infos.map(({ name, shape }) => [name, shape.reduce((product, size) => product * size, 1)]),
  );
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

export function checkStorable(tensor: string, values: Float32Array, type: StoredType): void {
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
