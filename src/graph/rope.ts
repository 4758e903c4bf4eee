/**
 * Rotary position embedding as a config describes it: the base and how frequencies are scaled for contexts longer than those
 * trained on. Names and defaults are those of transformers' modeling_rope_utils.py.
 */

import * as v from 'valibot';
import { count, MOST_POSITIONS } from '../models/sizes.ts';
import { unsupportedModel } from './model-error.ts';

export type RopeScaling =
  | { readonly kind: 'none' }
  /** Every frequency is divided by `factor`. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Neural-tangent-kernel scaling of the base, only where the context is longer than `originalPositions`. */
  | { readonly kind: 'dynamic'; readonly factor: number; readonly originalPositions: number }
  /** Low frequencies are divided by `factor`, high ones kept, smoothly between (Llama 3.1). */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    }
  /** arXiv 2309.00071; sines and cosines are multiplied by `attentionFactor`. */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalPositions: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly attentionFactor: number;
      /** Whether the ends of the ramp between the frequencies are rounded to whole dimensions. */
      readonly truncate: boolean;
    }
  /** Frequency i is divided by `divisors[i]` [headDim / 2]: how GGUF stores llama3's. */
  | { readonly kind: 'divisors'; readonly divisors: Float32Array };

export interface Rope {
  /** Frequency i is theta^(-2 i / headDim) before scaling. */
  readonly theta: number;
  readonly scaling: RopeScaling;
}

/** Which of a model's rotations a layer has. */
export type Rotation = 'global' | 'local' | 'none';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const factor = v.pipe(v.number(), v.finite(), v.minValue(1));

export const theta = positive;

export const scalingSchema = v.looseObject({
  rope_type: v.optional(v.string()),
  /** The older name of `rope_type`. */
  type: v.optional(v.string()),
  rope_theta: v.optional(theta),
  factor: v.optional(factor),
  low_freq_factor: v.optional(positive),
  high_freq_factor: v.optional(positive),
  original_max_position_embeddings: v.optional(count(MOST_POSITIONS)),
  beta_fast: v.nullish(positive),
  beta_slow: v.nullish(positive),
  attention_factor: v.nullish(positive),
  mscale: v.nullish(positive),
  mscale_all_dim: v.nullish(positive),
  truncate: v.optional(v.boolean()),
});

/** The scaling that `described` asks for; an error of `file` where it lacks a number or is of another kind. */
export function readScaling(
  file: string,
  described: v.InferOutput<typeof scalingSchema> | null | undefined,
  maxPositions: number,
): RopeScaling {
  if (described === null || described === undefined) return { kind: 'none' };
  const kind = described.rope_type ?? described.type ?? 'default';
  const needed = (name: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number => {
    const value = described[name];
    if (value !== undefined) return value;
    throw unsupportedModel(file, `its rotary scaling '${kind}' lacks '${name}'`);
  };
  const originalPositions = described.original_max_position_embeddings ?? maxPositions;
  switch (kind) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind, factor: needed('factor') };
    case 'dynamic':
      // As transformers reads it, whatever 'original_max_position_embeddings' says.
      return { kind, factor: needed('factor'), originalPositions: maxPositions };
    case 'llama3': {
      const [low, high] = [needed('low_freq_factor'), needed('high_freq_factor')];
      if (high <= low)
        throw unsupportedModel(file, `its 'high_freq_factor' is not above its 'low_freq_factor'`);
      return {
        kind,
        factor: needed('factor'),
        lowFrequencyFactor: low,
        highFrequencyFactor: high,
        originalPositions,
      };
    }
    case 'yarn':
      return {
        kind,
        factor: needed('factor'),
        originalPositions,
        betaFast: described.beta_fast ?? 32,
        betaSlow: described.beta_slow ?? 1,
        attentionFactor: described.attention_factor ?? yarnAttention(needed('factor'), described),
        truncate: described.truncate ?? true,
      };
    default:
      throw unsupportedModel(
        file,
        `its rotary scaling is '${kind.slice(0, 40)}', and Chorus knows linear, dynamic, llama3 and yarn`,
      );
  }
}

function yarnAttention(
  factor: number,
  { mscale, mscale_all_dim: all }: v.InferOutput<typeof scalingSchema>,
): number {
  const gain = (scale: number): number => 0.1 * scale * Math.log(factor) + 1;
  return mscale !== null && mscale !== undefined && all !== null && all !== undefined
    ? gain(mscale) / gain(all)
    : gain(1);
}
