/** Whether a device's logits are those of what it is compared with. */

/** Another token may be the likeliest only where the CPU's own logits of the two are this near, in the same unit. */
const NEAR_TIE = 0.05;

export type JudgedRows =
  | { readonly kind: 'alike'; readonly difference: number }
  | { readonly kind: 'refused'; readonly why: string };

/** @param tolerance how far a logit may be from the expected one, in standard deviations of the expected row */
export function judgeRows(
  expected: readonly Float32Array[],
  actual: readonly Float32Array[],
  tolerance: number,
): JudgedRows {
  let difference = 0;
  for (const [at, row] of expected.entries()) {
    const other = actual[at];
    if (other === undefined || other.length !== row.length || !other.every(Number.isFinite)) {
      return { kind: 'refused', why: 'gives logits that are no numbers' };
    }
    const unit = deviationOf(row);
    const distance = largestDifference(row, other) / unit;
    if (distance > tolerance) {
      return {
        kind: 'refused',
        why: `gives other logits than the CPU (${distance.toPrecision(2)} standard deviations apart, ${tolerance} is allowed)`,
      };
    }
    const lost = (row[indexOfLargest(row)] as number) - (row[indexOfLargest(other)] as number);
    if (lost > NEAR_TIE * unit) return { kind: 'refused', why: 'chooses another token than the CPU' };
    difference = Math.max(difference, distance);
  }
  return { kind: 'alike', difference };
}

function deviationOf(row: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const z of row) {
    sum += z;
    squares += z * z;
  }
  const mean = sum / row.length;
  return Math.sqrt(Math.max(Number.MIN_VALUE, squares / row.length - mean * mean));
}

function largestDifference(row: Float32Array, other: Float32Array): number {
  let largest = 0;
  for (const [x, z] of row.entries()) largest = Math.max(largest, Math.abs(z - (other[x] as number)));
  return largest;
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let x = 1; x < values.length; x++) if ((values[x] as number) > (values[best] as number)) best = x;
  return best;
}
