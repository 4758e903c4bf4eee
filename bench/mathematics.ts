/** What mixing itself costs between two runs of the networks: the experts' softmax, the pool, the draw, the shares. */

import {
  type Distribution,
  distributionOf,
  poolInto,
  type Rows,
  sample,
  seededRandom,
  sharesInto,
} from '../src/core/index.ts';
import { createSoftmax } from '../src/runtime/softmax.ts';
import { median } from './median.ts';

export interface MathematicsOptions {
  readonly vocabulary: number;
  readonly experts: number;
  readonly cores: number;
}

export interface MathematicsResult {
  /** Of one expert, in its own thread while the others are at theirs, with all cores. */
  readonly softmaxMs: number;
  /** Pool, draw and shares, after all have answered. */
  readonly poolMs: number;
}

/** On logits of the real size; medians of 100 tokens, greedy, linear pool. */
export async function measureMathematics(options: MathematicsOptions): Promise<MathematicsResult> {
  const { vocabulary, experts, cores } = options;
  const random = seededRandom(1);
  const kernel = await createSoftmax(vocabulary, {
    intraOpNumThreads: cores,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const rows = Array.from(
    { length: experts },
    (): Required<Rows> & { readonly softmax: NonNullable<Rows['softmax']> } => ({
      logits: Float32Array.from({ length: vocabulary }, () => 12 * random() - 6),
      softmax: { probabilities: new Float32Array(vocabulary), logSumExps: new Float64Array(1) },
    }),
  );
  const nothing = new Float64Array(vocabulary);
  const pooled = new Float64Array(vocabulary);
  const drawn = new Float64Array(vocabulary);
  const shares = new Float64Array(experts);
  const weights = rows.map(() => 1 / experts);
  const softmax: number[] = [];
  const pool: number[] = [];
  for (let token = 0; token < 120; token++) {
    for (const { logits, softmax: to } of rows) {
      const began = performance.now();
      await kernel.run(logits, to.probabilities, to.logSumExps);
      softmax.push(performance.now() - began);
    }
    const began = performance.now();
    const distributions = rows.map((row): Distribution => distributionOf(row, 0, nothing));
    poolInto({ kind: 'linear' }, distributions, weights, pooled);
    drawn.set(pooled);
    const x = sample(drawn, { temperature: 0, topK: 0, topP: 1, minP: 0 }, random);
    sharesInto(distributions, weights, x, shares);
    pool.push(performance.now() - began);
  }
  await kernel.release();
  return { softmaxMs: median(softmax.slice(20 * experts)), poolMs: median(pool.slice(20)) };
}
