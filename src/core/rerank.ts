/** Best of k: several whole answers, and the one of least energy (best-of-n sampling; Stiennon et al. 2020, arXiv 2009.01325). */

/** Compared term by term, the first that differs decides; lower is better. A term that is no number counts as infinite. */
export type Energy = readonly number[];

/** The position of the candidate of least energy, the first of several; -1 for none. */
export function rerank(energies: readonly Energy[]): number {
  let best = -1;
  for (const [i, energy] of energies.entries()) {
    if (best === -1 || isLower(energy, energies[best] as Energy)) best = i;
  }
  return best;
}

/** Whether `a` is lower than `b`; both have the same terms. */
export function isLower(a: Energy, b: Energy): boolean {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [term(a, i), term(b, i)];
    if (x !== y) return x < y;
  }
  return false;
}

function term(energy: Energy, i: number): number {
  const value = energy[i];
  return value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}
