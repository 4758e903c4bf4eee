/**
 * The weights of a linear pool that make given tokens most probable: maximum likelihood of mixture proportions by
 * expectation maximisation (Dempster, Laird and Rubin 1977). The problem is concave, so what it finds is the best there is.
 */

export interface Proportions {
  /** w, summing to 1, in the order of the experts. */
  readonly weights: readonly number[];
  /** Mean of log sum_i w_i p_i(x) over the tokens, in nats: at the start, then after each iteration. It never falls. */
  readonly path: readonly number[];
  /** The best weights are better by at most this, in nats per token (max_i mean p_i/m - 1, from concavity). */
  readonly gap: number;
}

export interface FitOptions {
  /** Ends when the gap is at most this, in nats per token. */
  readonly tolerance: number;
  readonly maxIterations: number;
}

export const FIT: FitOptions = { tolerance: 1e-5, maxIterations: 400 };

/**
 * w_i <- w_i mean_t [p_i(x_t) / sum_j w_j p_j(x_t)], from even weights.
 * @param logProbs log p_i(x_t) in nats, [experts][tokens]; at least one expert and one token
 */
export function fitProportions(logProbs: readonly Float64Array[], options: FitOptions = FIT): Proportions {
  const tokens = logProbs[0]?.length ?? 0;
  if (tokens === 0) throw new RangeError('weights cannot be fitted to no tokens');
  const most = largest(logProbs, tokens);
  const relative = logProbs.map((row) => row.map((value, t) => Math.exp(value - (most[t] as number))));
  const offset = mean(most);
  let weights = logProbs.map(() => 1 / logProbs.length);
  const pooled = new Float64Array(tokens);
  const path: number[] = [];
  for (let iteration = 0; ; iteration++) {
    path.push(offset + poolInto(relative, weights, pooled));
    const growth = relative.map((row) => meanRatio(row, pooled));
    const gap = Math.max(0, Math.max(...growth) - 1);
    if (gap <= options.tolerance || iteration >= options.maxIterations) return { weights, path, gap };
    const grown = weights.map((w, i) => w * (growth[i] as number));
    const sum = grown.reduce((a, b) => a + b, 0);
    weights = grown.map((w) => w / sum);
  }
}

/**
 * log sum_i w_i p_i(x_t) of every token, written into `out` [tokens], in nats.
 * @param logProbs [experts][tokens]
 * @param weights normalised; an expert of weight 0 is skipped
 */
export function pooledLogProbsInto(
  logProbs: readonly Float64Array[],
  weights: readonly number[],
  out: Float64Array,
): void {
  for (let t = 0; t < out.length; t++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < logProbs.length; i++) {
      const value = (logProbs[i] as Float64Array)[t] as number;
      if (weights[i] !== 0 && value > max) max = value;
    }
    let sum = 0;
    for (let i = 0; i < logProbs.length; i++) {
      const w = weights[i] as number;
      if (w !== 0) sum += w * Math.exp(((logProbs[i] as Float64Array)[t] as number) - max);
    }
    out[t] = max + Math.log(sum);
  }
}

function largest(logProbs: readonly Float64Array[], tokens: number): Float64Array {
  const most = new Float64Array(tokens).fill(Number.NEGATIVE_INFINITY);
  for (const row of logProbs) {
    if (row.length !== tokens) throw new RangeError('every expert must score the same tokens');
    for (let t = 0; t < tokens; t++) {
      const value = row[t] as number;
      if (!Number.isFinite(value)) throw new RangeError('a log-probability is not a finite number');
      if (value > (most[t] as number)) most[t] = value;
    }
  }
  return most;
}

/** Writes sum_i w_i p_i into `out` and gives the mean of its logarithm. */
function poolInto(relative: readonly Float64Array[], weights: readonly number[], out: Float64Array): number {
  out.fill(0);
  for (const [i, row] of relative.entries()) {
    const w = weights[i] as number;
    for (let t = 0; t < out.length; t++) out[t] = (out[t] as number) + w * (row[t] as number);
  }
  let sum = 0;
  for (let t = 0; t < out.length; t++) sum += Math.log(out[t] as number);
  return sum / out.length;
}

function meanRatio(row: Float64Array, pooled: Float64Array): number {
  let sum = 0;
  for (let t = 0; t < row.length; t++) sum += (row[t] as number) / (pooled[t] as number);
  return sum / row.length;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
