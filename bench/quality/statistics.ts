/** Intervals and paired tests for the tables. Pure: chance comes in as a source of numbers in [0, 1). */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** One case's part of a ratio: bits and bytes, or 0 or 1 out of 1. */
export interface Part {
  readonly sum: number;
  /** Above 0. */
  readonly weight: number;
}

const Z95 = 1.959963984540054;

/** The 95 % score interval of a proportion (Wilson 1927). @param total at least 1 */
export function wilson(successes: number, total: number): Interval {
  const p = successes / total;
  const scale = 1 + Z95 ** 2 / total;
  const centre = (p + Z95 ** 2 / (2 * total)) / scale;
  const half = (Z95 / scale) * Math.sqrt((p * (1 - p)) / total + Z95 ** 2 / (4 * total ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * McNemar's exact test: the two-sided binomial p-value that, where two methods differ, each is right equally often.
 * @param onlyFirst cases that only the first got right
 * @param onlySecond cases that only the second got right
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond;
  const least = Math.min(onlyFirst, onlySecond);
  let term = 0.5 ** n;
  let tail = term;
  for (let k = 1; k <= least; k++) {
    term *= (n - k + 1) / k;
    tail += term;
  }
  return Math.min(1, 2 * tail);
}

/** sum of sums / sum of weights: a mean for weights of 1, bits per byte for bits and bytes. */
export function ratio(parts: readonly Part[]): number {
  let sum = 0;
  let weight = 0;
  for (const part of parts) {
    sum += part.sum;
    weight += part.weight;
  }
  return sum / weight;
}

export interface Resampling {
  readonly random: () => number;
  readonly rounds: number;
}

/** The 95 % percentile bootstrap interval of `ratio`, drawing whole cases (Efron 1979). */
export function bootstrap(parts: readonly Part[], resampling: Resampling): Interval {
  const drawn = new Int32Array(parts.length);
  const { random, rounds } = resampling;
  const values = Float64Array.from({ length: rounds }, () => {
    for (let i = 0; i < drawn.length; i++) drawn[i] = Math.floor(random() * drawn.length);
    return ratioOf(parts, drawn);
  });
  return middle(values);
}

export interface PairedDifference extends Interval {
  /** ratio(first) - ratio(second). */
  readonly difference: number;
  /** Of the hypothesis that there is none, two-sided. */
  readonly p: number;
}

/**
 * The difference between two methods on the same cases: its bootstrap interval, and the p-value of Fisher's sign-flip test
 * (if neither were better, each case's difference could as well have the other sign), at least 1 / (rounds + 1).
 * Throws where a case has not the same weight in both.
 */
export function pairedDifference(
  first: readonly Part[],
  second: readonly Part[],
  resampling: Resampling,
): PairedDifference {
  const differences = first.map(({ sum, weight }, i): Part => {
    const other = second[i];
    if (other?.weight !== weight) throw new RangeError('paired methods must have the same cases');
    return { sum: sum - other.sum, weight };
  });
  if (first.length !== second.length) throw new RangeError('paired methods must have the same cases');
  return {
    difference: ratio(differences),
    ...bootstrap(differences, resampling),
    p: signFlip(
      differences.map(({ sum }) => sum),
      resampling,
    ),
  };
}

function signFlip(differences: readonly number[], { random, rounds }: Resampling): number {
  const total = Math.abs(differences.reduce((sum, d) => sum + d, 0));
  const rounding = 1e-9 * differences.reduce((sum, d) => sum + Math.abs(d), 0);
  let asFar = 1;
  for (let round = 0; round < rounds; round++) {
    let flipped = 0;
    for (const d of differences) flipped += random() < 0.5 ? d : -d;
    if (Math.abs(flipped) >= total - rounding) asFar++;
  }
  return asFar / (rounds + 1);
}

/** Holm's step-down correction for several tests at once (Holm 1979), in the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const adjusted = pValues.map(() => 1);
  let highest = 0;
  for (const [rank, { p, i }] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (order.length - rank) * p));
    adjusted[i] = highest;
  }
  return adjusted;
}

function ratioOf(parts: readonly Part[], drawn: Int32Array): number {
  let sum = 0;
  let weight = 0;
  for (const index of drawn) {
    const part = parts[index] as Part;
    sum += part.sum;
    weight += part.weight;
  }
  return sum / weight;
}

/** The middle 95 % of what a bootstrap gave. */
export function middle(values: Float64Array): Interval {
  const sorted = values.slice().sort();
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] as number;
  return { low: at(0.025), high: at(0.975) };
}
