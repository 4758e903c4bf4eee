/** What a merge is made of: parsed from mergekit's YAML (recipe-yaml.ts), or put together by a program. */

import { ChorusError } from '../protocol/failure.ts';
import { type Setting, settingValue } from './setting-value.ts';

export const mergeMethods = [
  'linear',
  'slerp',
  'task_arithmetic',
  'ties',
  'dare_linear',
  'dare_ties',
  'emr',
] as const;
export type MergeMethod = (typeof mergeMethods)[number];

export type StoredType = 'f32' | 'f16' | 'bf16';

export type Settings = Readonly<Record<string, Setting>>;

export interface Source {
  /** As the recipe names it: a folder, or `base+adapter`. */
  readonly model: string;
  readonly parameters: Settings;
}

/** Layers `first` to `end` - 1, of every source the same. */
export interface Slice {
  readonly first: number;
  readonly end: number;
  readonly sources: readonly Source[];
  readonly parameters: Settings;
}

export interface Recipe {
  readonly method: MergeMethod;
  readonly base: string | undefined;
  /** Who takes part; with slices those of the first. */
  readonly models: readonly Source[];
  /** In order, all layers once; empty where all layers are merged alike. */
  readonly slices: readonly Slice[];
  readonly parameters: Settings;
  /** How the result is stored; undefined: as the base, or the first model, is. */
  readonly type: StoredType | undefined;
  /** Whose tokenizer the result gets; undefined: the base's, or the first model's. */
  readonly tokenizer: string | undefined;
  /** What of the recipe has no effect, in sentences. */
  readonly notes: readonly string[];
}

/** All models that are named, the one whose config the result gets first. */
export function modelsOf({ base, models }: Recipe): string[] {
  return [...new Set([...(base === undefined ? [] : [base]), ...models.map(({ model }) => model)])];
}

export interface TensorSettings {
  /** The setting `name`, of one model where that is given; `otherwise` where the recipe is silent. */
  number(name: string, options: { readonly model?: string; readonly otherwise?: number }): number;
  flag(name: string, otherwise: boolean): boolean;
}

/** @param layers of the model */
export function settingsFor(recipe: Recipe, tensor: string, layers: number): TensorSettings {
  const layer = /^model\.layers\.(\d+)\./.exec(tensor)?.[1];
  const at = layer === undefined ? undefined : Number(layer);
  const { sources, parameters, first, end } = sliceOf(recipe, tensor, { at, layers });
  const count = end - first;
  const depth = at === undefined ? 0 : count > 1 ? (at - first) / (count - 1) : 1;
  const find = (name: string, model: string | undefined): number | boolean | undefined => {
    const own = sources.find((source) => source.model === model)?.parameters;
    for (const settings of [own, parameters, recipe.parameters]) {
      const setting = settings === undefined ? undefined : ownSetting(settings, name);
      const value = setting === undefined ? undefined : settingValue(setting, { tensor, depth });
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return {
    number(name, { model, otherwise }) {
      const value = find(name, model) ?? otherwise;
      if (typeof value === 'number') return value;
      const where = `${model === undefined ? '' : ` of ${model}`} for the tensor ${tensor}`;
      throw new ChorusError(
        'request-invalid',
        value === undefined
          ? `The recipe gives no '${name}'${where}. Add it to the parameters of the model or of the whole recipe.`
          : `'${name}'${where} is ${value}, and a number is needed.`,
      );
    },
    flag(name, otherwise) {
      const value = find(name, undefined) ?? otherwise;
      if (typeof value === 'boolean') return value;
      // Older recipes write 1.0 for true.
      if (value === 0 || value === 1) return value === 1;
      throw new ChorusError('request-invalid', `'${name}' is ${value}, and true or false is needed.`);
    },
  };
}

function ownSetting(settings: Settings, name: string): Setting | undefined {
  return Object.hasOwn(settings, name) ? settings[name] : undefined;
}

function sliceOf(
  { slices, models }: Recipe,
  tensor: string,
  { at, layers }: { readonly at: number | undefined; readonly layers: number },
): Slice {
  // What stands before the layers belongs to the first slice, what stands behind them to the last.
  const isBefore = tensor.startsWith('model.embed');
  const found =
    at === undefined
      ? slices.at(isBefore ? 0 : -1)
      : slices.find(({ first, end }) => at >= first && at < end);
  return found ?? { first: 0, end: layers, sources: models, parameters: {} };
}
