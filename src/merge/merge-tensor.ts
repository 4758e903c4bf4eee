/** One tensor of the result, by the method and the settings of the recipe. Only this tensor of each model is in memory. */

import { ChorusError } from '../protocol/failure.ts';
import type { MergeInput } from './inputs.ts';
import { linearInto } from './linear.ts';
import { randomFor } from './random.ts';
import { type Recipe, settingsFor, type TensorSettings } from './recipe.ts';
import { slerpInto } from './slerp.ts';
import { dropAtRandom, trimSmallest } from './sparsify.ts';
import { addTasksInto, subtractBase } from './task-vectors.ts';

export interface Mixing {
  readonly recipe: Recipe;
  /** By the name in the recipe. */
  readonly inputs: ReadonlyMap<string, MergeInput>;
  readonly layers: number;
  readonly seed: number;
}

/** Every method but EMR, which gives more than a tensor (emr-files.ts). */
export async function mergeTensor(name: string, mixing: Mixing): Promise<Float32Array> {
  const { recipe, inputs, layers } = mixing;
  const settings = settingsFor(recipe, name, layers);
  switch (recipe.method) {
    case 'linear':
      return linear(name, mixing, settings);
    case 'slerp': {
      const { base = '' } = recipe;
      const [other = ''] = tasksOf(recipe);
      const t = within(settings.number('t', {}), { setting: 't', least: 0, most: 1, tensor: name });
      const first = await read(inputs, base, name);
      slerpInto(first, await read(inputs, other, name), t, first);
      return first;
    }
    case 'task_arithmetic':
    case 'ties':
    case 'dare_linear':
    case 'dare_ties':
      return addTasks(name, mixing, settings);
    case 'emr':
      throw new Error('EMR is merged as a whole');
    default:
      return recipe.method satisfies never;
  }
}

/** The models whose difference to the base counts. */
export function tasksOf({ base, models }: Recipe): string[] {
  return models.map(({ model }) => model).filter((model) => model !== base);
}

export async function read(
  inputs: ReadonlyMap<string, MergeInput>,
  model: string,
  tensor: string,
): Promise<Float32Array> {
  const input = inputs.get(model);
  if (input === undefined) throw new Error(`${model} was not opened`);
  return input.source.readFloat32(tensor);
}

async function linear(
  name: string,
  { recipe, inputs }: Mixing,
  settings: TensorSettings,
): Promise<Float32Array> {
  const models = recipe.models.map(({ model }) => model);
  const weights = models.map((model) => settings.number('weight', { model }));
  const normalize = settings.flag('normalize', true);
  if (normalize && weights.reduce((sum, weight) => sum + weight, 0) === 0) {
    throw invalid(
      name,
      'the weights sum to 0, which cannot be normalised. Change them, or set normalize to false',
    );
  }
  const tensors: Float32Array[] = [];
  for (const model of models) tensors.push(await read(inputs, model, name));
  const [out] = tensors;
  if (out === undefined) throw new Error('a recipe names at least one model');
  linearInto(tensors, { weights, normalize }, out);
  return out;
}

/** What the methods over task vectors do to them; defaults are mergekit's. */
const taskMethods = {
  task_arithmetic: { leaveOut: 'nothing', electSigns: false, normalize: false },
  ties: { leaveOut: 'smallest', electSigns: true, normalize: true },
  dare_linear: { leaveOut: 'random', electSigns: false, normalize: false },
  dare_ties: { leaveOut: 'random', electSigns: true, normalize: false },
} as const;

async function addTasks(
  name: string,
  { recipe, inputs, seed }: Mixing,
  settings: TensorSettings,
): Promise<Float32Array> {
  const { base = '', method } = recipe;
  const { leaveOut, electSigns, ...usual } = taskMethods[method as keyof typeof taskMethods];
  const out = await read(inputs, base, name);
  const tasks: Float32Array[] = [];
  const weights: number[] = [];
  for (const [index, model] of tasksOf(recipe).entries()) {
    const task = await read(inputs, model, name);
    subtractBase(task, out);
    if (leaveOut !== 'nothing') {
      const density = within(settings.number('density', { model, otherwise: 1 }), {
        setting: 'density',
        least: Number.MIN_VALUE,
        most: 1,
        tensor: name,
      });
      if (leaveOut === 'smallest') trimSmallest(task, density);
      else {
        const rescale = settings.flag('rescale', true);
        dropAtRandom(task, { density, rescale, random: randomFor(seed, index, name) });
      }
    }
    tasks.push(task);
    weights.push(settings.number('weight', { model }));
  }
  const normalize = settings.flag('normalize', usual.normalize);
  const scale = settings.number('lambda', { otherwise: 1 });
  addTasksInto(out, tasks, { weights, electSigns, normalize, scale }, out);
  return out;
}

interface Range {
  readonly setting: string;
  readonly least: number;
  readonly most: number;
  readonly tensor: string;
}

function within(value: number, { setting, least, most, tensor }: Range): number {
  if (value >= least && value <= most) return value;
  throw invalid(
    tensor,
    `'${setting}' is ${value}, and ${least === 0 ? '0' : 'more than 0'} to ${most} is possible`,
  );
}

function invalid(tensor: string, why: string): ChorusError {
  return new ChorusError('request-invalid', `The recipe cannot be used for the tensor ${tensor}: ${why}.`);
}
