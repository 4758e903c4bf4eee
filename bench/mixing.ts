/** One expert, two experts mixed, and the mathematics between them, measured in turns. */

import { join } from 'node:path';
import { type Distribution, poolInto, sample, sharesInto, softmaxInto } from '../src/core/index.ts';
import { createEngine } from '../src/engine/engine.ts';
import { readTokenizer } from '../src/runtime/tokenizer.ts';
import { complete, expertAt, msPerToken } from './complete.ts';
import { median } from './median.ts';

export interface MixingOptions {
  readonly first: string;
  readonly second: string;
  /** The folder of the bundled programs. */
  readonly programs: string;
  readonly rounds: number;
  readonly tokens: number;
}

export interface MixingResult {
  readonly vocabulary: number;
  readonly rows: readonly {
    readonly variant: string;
    readonly 'tokens/s': number;
    readonly 'ms a token': number;
  }[];
  /** Softmax of two experts, pool, draw and shares, in milliseconds a token. */
  readonly mathMs: number;
  /** The same as a share of a decode step of two mixed experts. */
  readonly mathShare: number;
  /** Time a token of two mixed over one alone. */
  readonly ratio: number;
}

const prompt =
  'export function mean(values: number[]): number {\n  const total = values.reduce((a, b) => a + b, 0);\n';

export async function measureMixing({
  first,
  second,
  programs,
  rounds,
  tokens,
}: MixingOptions): Promise<MixingResult> {
  const variants = [
    { variant: 'first alone', engine: createEngine({ programs }), experts: [expertAt('first', first)] },
    { variant: 'second alone', engine: createEngine({ programs }), experts: [expertAt('second', second)] },
    {
      variant: 'two mixed',
      engine: createEngine({ programs }),
      experts: [expertAt('first', first), expertAt('second', second)],
    },
  ];
  for (const { engine, experts } of variants) {
    engine.configure({ experts, pool: { kind: 'linear' }, weighting: 'fixed' });
    await complete(engine, { prompt, maxTokens: 4 });
  }
  const times = variants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { engine }] of variants.entries()) {
      times[i]?.push(msPerToken(await complete(engine, { prompt, maxTokens: tokens })));
    }
  }
  for (const { engine } of variants) await engine.dispose();

  const { size } = await readTokenizer(join(first, 'tokenizer.json'), join(first, 'tokenizer_config.json'));
  const mathMs = measureMathematics(size);
  const medians = times.map(median);
  const mixed = medians[2] ?? Number.NaN;
  return {
    vocabulary: size,
    rows: variants.map(({ variant }, i) => ({
      variant,
      'tokens/s': rounded(1000 / (medians[i] ?? Number.NaN), 1),
      'ms a token': rounded(medians[i] ?? Number.NaN, 2),
    })),
    mathMs,
    mathShare: mathMs / mixed,
    ratio: mixed / (((medians[0] ?? 0) + (medians[1] ?? 0)) / 2),
  };
}

/** What the engine's thread does between two runs of the networks, on logits of the real size. */
function measureMathematics(size: number): number {
  const random = lcg();
  const experts = [0, 1].map(() => Float32Array.from({ length: size }, () => 12 * random() - 6));
  const probabilities = experts.map(() => new Float64Array(size));
  const pooled = new Float64Array(size);
  const drawn = new Float64Array(size);
  const shares = new Float64Array(2);
  const weights = [0.5, 0.5];
  const once = (): void => {
    const distributions = experts.map((logits, i): Distribution => {
      const p = probabilities[i] as Float64Array;
      return { logits, probabilities: p, logSumExp: softmaxInto(logits, p) };
    });
    poolInto({ kind: 'linear' }, distributions, weights, pooled);
    drawn.set(pooled);
    sharesInto(
      distributions,
      weights,
      sample(drawn, { temperature: 0, topK: 0, topP: 1, minP: 0 }, random),
      shares,
    );
  };
  for (let i = 0; i < 50; i++) once();
  const samples: number[] = [];
  for (let i = 0; i < 200; i++) {
    const began = performance.now();
    once();
    samples.push(performance.now() - began);
  }
  return median(samples);
}

function lcg(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
