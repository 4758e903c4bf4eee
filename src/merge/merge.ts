/**
 * Merges models into a new model folder, tensor by tensor: at most one tensor of each model is in memory. The folder appears
 * under its name when it is whole.
 */

import { join } from 'node:path';
import { type TensorInfo, valueCount } from '../graph/tensor-source.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { MergeReport } from '../protocol/merge.ts';
import { checkAgreement } from './agreement.ts';
import { emrFile, emrTensors, mergeByEmr } from './emr-files.ts';
import { type FolderOf, type MergeInput, openInput } from './inputs.ts';
import { mergeTensor, tasksOf } from './merge-tensor.ts';
import { type FolderOptions, makeModelFolder } from './model-folder.ts';
import { modelsOf, type Recipe, type StoredType } from './recipe.ts';
import { completionOf, completionOfAll, shortName } from './result-files.ts';

export interface MergeOptions extends FolderOptions {
  readonly recipe: Recipe;
  readonly folderOf: FolderOf;
  /** Decides what DARE leaves out. */
  readonly seed: number;
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
  const { recipe, seed } = options;
  const [first] = inputs.values();
  if (first === undefined) throw new Error('a recipe names at least one model');
  const { names, notes } = checkAgreement([...inputs.values()]);
  const layers = first.config.num_hidden_layers;
  checkLayers(recipe, layers);
  const infos = names.map((name) => first.source.tensors.get(name) as TensorInfo);
  const type = recipe.type ?? storedType(infos);
  const tasks = recipe.method === 'emr' ? tasksOf(recipe) : [];
  const further =
    tasks.length > 0 ? { tensors: emrTensors(infos, { type, tasks: tasks.length }) } : undefined;
  const tokenizer = inputs.get(recipe.tokenizer ?? first.model) ?? first;
  const folders = [...inputs.values()].map(({ folder }) => folder);
  const mixing = { recipe, inputs, layers, seed };
  const report = await makeModelFolder(options, {
    tensors: infos,
    type,
    further,
    inputs: folders,
    result: { recipe, first, tokenizer, seed },
    described: async () => ({
      details: tasks.length > 0 ? await emrDetails(tasks, inputs) : {},
      completion: await completionOfAll(folders),
    }),
    async write({ draft, store, step }) {
      if (further !== undefined) {
        await mergeByEmr(
          { file: join(draft, emrFile), tensors: further.tensors, names, tasks, store, step },
          mixing,
        );
        return;
      }
      for (const tensor of names) {
        step(tensor);
        await store(tensor, await mergeTensor(tensor, mixing));
      }
    },
  });
  return { ...report, notes: [...recipe.notes, ...notes] };
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
      counts[type] += valueCount(shape);
    }
  }
  const most = Math.max(counts.f32, counts.f16, counts.bf16);
  return counts.bf16 === most ? 'bf16' : counts.f16 === most ? 'f16' : 'f32';
}
