/**
 * The value of a setting for one tensor, as mergekit reads it: a number, a list of numbers that runs over the layers, or a list of
 * conditions of which the first whose `filter` is part of the tensor's name counts.
 */

import * as v from 'valibot';

const plain = v.union([v.pipe(v.number(), v.finite()), v.boolean()]);
const gradient = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(1), v.maxLength(1000));
const condition = v.strictObject({
  value: v.union([plain, gradient]),
  filter: v.nullish(v.pipe(v.string(), v.maxLength(1000))),
});

export const settingSchema = v.union(
  [plain, gradient, v.pipe(v.array(condition), v.minLength(1), v.maxLength(1000)), condition],
  'must be a number, true or false, a list of numbers, or a list of {filter, value}',
);

export type Setting = v.InferOutput<typeof settingSchema>;

export interface SettingPlace {
  readonly tensor: string;
  /** Where the tensor's layer stands among those of its slice, 0 to 1. */
  readonly depth: number;
}

/** undefined where no condition holds. */
export function settingValue(setting: Setting, place: SettingPlace): number | boolean | undefined {
  if (typeof setting !== 'object') return setting;
  if (!Array.isArray(setting)) return conditional([setting], place);
  if (isGradient(setting)) return along(setting, place.depth);
  return conditional(setting, place);
}

type Condition = v.InferOutput<typeof condition>;

function isGradient(list: readonly number[] | readonly Condition[]): list is readonly number[] {
  return list.every((entry) => typeof entry === 'number');
}

function conditional(list: readonly Condition[], place: SettingPlace): number | boolean | undefined {
  for (const { filter, value } of list) {
    const holds = filter === undefined || filter === null || filter === '*' || place.tensor.includes(filter);
    if (holds) return settingValue(value, place);
  }
  return undefined;
}

/** Linear between the two nearest numbers of the list. */
function along(values: readonly number[], depth: number): number {
  const at = depth * (values.length - 1);
  const low = Math.floor(at);
  const high = Math.min(values.length - 1, low + 1);
  const part = at - low;
  return (1 - part) * (values[low] as number) + part * (values[high] as number);
}
