/**
 * EMR merging (arXiv 2405.17461): several task vectors become one elected vector, a mask of one bit per entry for each, and a scale
 * for each, from which each is rebuilt: tau_t ~ scale_t (mask_t * elected).
 */

/** Sums over all tensors of a task, of which its scale is the ratio. */
export interface ScaleSums {
  /** sum |tau_t| */
  own: number;
  /** sum |mask_t * elected| */
  kept: number;
}

export interface Elected {
  /** Task t's mask: bit i % 8 of byte i >> 3 is entry i. */
  readonly masks: readonly Uint8Array[];
}

/** Bytes of a mask of `entries` bits. */
export const maskBytes = (entries: number): number => Math.ceil(entries / 8);

/**
 * Writes the elected vector of `tasks` into `out` (section 3.2): the sign of the sum, and the largest magnitude among those of that
 * sign; adds to `sums`, one for each task. `out` may not be one of `tasks`.
 */
export function electInto(
  tasks: readonly Float32Array[],
  sums: readonly ScaleSums[],
  out: Float32Array,
): Elected {
  const masks = tasks.map(() => new Uint8Array(maskBytes(out.length)));
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (const task of tasks) sum += task[i] as number;
    const sign = sum < 0 ? -1 : 1;
    let largest = 0;
    for (const task of tasks) largest = Math.max(largest, sign * (task[i] as number));
    out[i] = sign * largest;
    for (let t = 0; t < tasks.length; t++) {
      const value = (tasks[t] as Float32Array)[i] as number;
      const counts = sums[t] as ScaleSums;
      counts.own += Math.abs(value);
      if (sign * value > 0) {
        counts.kept += largest;
        const mask = masks[t] as Uint8Array;
        mask[i >> 3] = (mask[i >> 3] as number) | (1 << (i & 7));
      }
    }
  }
  return { masks };
}

/** A task's scale (section 3.2): with it the rebuilt vector is as long as the task's own, measured as a sum of magnitudes. */
export function scaleOf({ own, kept }: ScaleSums): number {
  return kept === 0 ? 0 : own / kept;
}

export interface Rebuilding {
  readonly mask: Uint8Array;
  readonly scale: number;
}

/** Turns base + elected in `merged` into base + scale (mask * elected), in place. */
export function rebuild(merged: Float32Array, elected: Float32Array, { mask, scale }: Rebuilding): void {
  for (let i = 0; i < merged.length; i++) {
    const set = (((mask[i >> 3] as number) >> (i & 7)) & 1) === 1;
    merged[i] = (merged[i] as number) + ((set ? scale : 0) - 1) * (elected[i] as number);
  }
}
