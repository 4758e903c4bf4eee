/** The weighted sum of tensors, as in model soups (arXiv 2203.05482). */

export interface LinearSettings {
  /** One for each tensor; any sign. */
  readonly weights: readonly number[];
  /** Divides by the sum of the weights. */
  readonly normalize: boolean;
}

/** Writes sum_i w_i x_i (/ sum_i w_i) into `out`, which may be one of `tensors`; all of one length. */
export function linearInto(
  tensors: readonly Float32Array[],
  { weights, normalize }: LinearSettings,
  out: Float32Array,
): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scales = weights.map((weight) => (normalize ? weight / total : weight));
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let m = 0; m < tensors.length; m++) {
      sum += (scales[m] as number) * ((tensors[m] as Float32Array)[i] as number);
    }
    out[i] = sum;
  }
}
