/** Cosines and sines of rotary position embedding, as transformers' modeling_rope_utils.py computes the frequencies. */

import type { Rope } from './rope.ts';

export interface RotaryTable {
  /** float32 [positions, headDim / 2]. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

export function rotaryTable(rope: Rope, headDim: number, positions: number): RotaryTable {
  const half = headDim / 2;
  const frequencies = scaledFrequencies(rope, headDim);
  const gain = rope.scaling.kind === 'yarn' ? rope.scaling.attentionFactor : 1;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (const [i, frequency] of frequencies.entries()) {
      // The angle is rounded to float32, as the models were trained.
      const angle = Math.fround(position * frequency);
      cos[position * half + i] = gain * Math.cos(angle);
      sin[position * half + i] = gain * Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** The longest context for which the table's frequencies hold. */
export function rotaryLimit({ scaling }: Rope): number {
  return scaling.kind === 'dynamic' ? scaling.originalPositions : Number.POSITIVE_INFINITY;
}

function scaledFrequencies({ theta, scaling }: Rope, headDim: number): Float32Array {
  const plain = Float32Array.from({ length: headDim / 2 }, (_, i) => theta ** ((-2 * i) / headDim));
  switch (scaling.kind) {
    case 'none':
    // Within the original positions nothing is scaled, and longer contexts are not built.
    case 'dynamic':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'divisors':
      return plain.map((frequency, i) => frequency / (scaling.divisors[i] ?? 1));
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
      return plain.map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency;
        const smooth = (originalPositions / wavelength - low) / (high - low);
        const kept = Math.min(1, Math.max(0, smooth));
        return ((1 - kept) * frequency) / factor + kept * frequency;
      });
    }
    case 'yarn': {
      const { factor, originalPositions, betaFast, betaSlow, truncate } = scaling;
      const dimensionOf = (rotations: number): number =>
        (headDim * Math.log(originalPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
      const [low, high] = [dimensionOf(betaFast), dimensionOf(betaSlow)];
      const from = Math.max(0, truncate ? Math.floor(low) : low);
      const to = Math.min(headDim - 1, truncate ? Math.ceil(high) : high);
      return plain.map((frequency, i) => {
        const ramp = Math.min(1, Math.max(0, (i - from) / Math.max(1e-3, to - from)));
        return (frequency / factor) * ramp + frequency * (1 - ramp);
      });
    }
    default:
      return scaling satisfies never;
  }
}
