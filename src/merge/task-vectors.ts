/**
 * Adds weighted task vectors, the differences of models to their base, to the base: Task Arithmetic (arXiv 2212.04089), and with an
 * elected sign per entry TIES (arXiv 2306.01708). What is left out of them before is decided in sparsify.ts.
 */

/** Weights that cancel out are not divided by. */
const SMALLEST_TOTAL = 1e-8;

export interface TaskSettings {
  /** One for each task vector. */
  readonly weights: readonly number[];
  /** Only those entries count whose weighted value has the sign of the sum of all; 0 counts as positive. */
  readonly electSigns: boolean;
  /** Divides by the weights that counted. */
  readonly normalize: boolean;
  /** Multiplies the sum (mergekit's `lambda`). */
  readonly scale: number;
}

/** Makes `model` its task vector, model - base, in place. */
export function subtractBase(model: Float32Array, base: Float32Array): void {
  for (let i = 0; i < model.length; i++) model[i] = (model[i] as number) - (base[i] as number);
}

/** Writes base + scale (sum of w_t tau_t) into `out`, which may be `base`. */
export function addTasksInto(
  base: Float32Array,
  tasks: readonly Float32Array[],
  { weights, electSigns, normalize, scale }: TaskSettings,
  out: Float32Array,
): void {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const divisor = normalize && Math.abs(all) >= SMALLEST_TOTAL ? all : 1;
  for (let i = 0; i < out.length; i++) {
    const mixed = electSigns
      ? elected(tasks, weights, { at: i, normalize })
      : weighted(tasks, weights, i) / divisor;
    out[i] = (base[i] as number) + scale * mixed;
  }
}

function weighted(tasks: readonly Float32Array[], weights: readonly number[], at: number): number {
  let sum = 0;
  for (let t = 0; t < tasks.length; t++) {
    sum += (weights[t] as number) * ((tasks[t] as Float32Array)[at] as number);
  }
  return sum;
}

function elected(
  tasks: readonly Float32Array[],
  weights: readonly number[],
  { at, normalize }: { readonly at: number; readonly normalize: boolean },
): number {
  const positive = weighted(tasks, weights, at) >= 0;
  let sum = 0;
  let total = 0;
  for (let t = 0; t < tasks.length; t++) {
    const value = (weights[t] as number) * ((tasks[t] as Float32Array)[at] as number);
    if (positive ? value > 0 : value < 0) {
      sum += value;
      total += weights[t] as number;
    }
  }
  return normalize && total !== 0 ? sum / total : sum;
}
