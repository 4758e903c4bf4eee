/** Pearson's test of counts against probabilities. */

/**
 * The chance that counts drawn from `expected` lie at least this far from it (Wilson and Hilferty's normal approximation of the
 * chi-square distribution). Cells that expect fewer than 5 are joined. 0 where something impossible was drawn.
 */
export function chiSquareP(counts: readonly number[], expected: readonly number[]): number {
  const total = counts.reduce((sum, n) => sum + n, 0);
  let statistic = 0;
  let cells = 0;
  let few = { seen: 0, wanted: 0 };
  for (const [x, p] of expected.entries()) {
    const seen = counts[x] ?? 0;
    if (p === 0 && seen > 0) return 0;
    if (p * total < 5) few = { seen: few.seen + seen, wanted: few.wanted + p * total };
    else {
      statistic += (seen - p * total) ** 2 / (p * total);
      cells++;
    }
  }
  if (few.wanted > 0) {
    statistic += (few.seen - few.wanted) ** 2 / few.wanted;
    cells++;
  }
  const k = cells - 1;
  if (k < 1) return 1;
  const z = ((statistic / k) ** (1 / 3) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k));
  return 1 - normal(z);
}

/** The normal distribution function (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
