/** Leaves out part of a task vector: the smallest entries (TIES, arXiv 2306.01708) or random ones (DARE, arXiv 2311.03099). */

/**
 * Sets all but the floor(density n) entries of largest magnitude to 0, in place. Of entries that are equally large at the edge
 * the first ones stay. Two passes over the bits instead of a sort: magnitudes of floats are ordered as their bits are.
 * @param density share of the entries that stay, above 0
 */
export function trimSmallest(values: Float32Array, density: number): void {
  const kept = Math.floor(density * values.length);
  if (density >= 1 || values.length === 0) return;
  if (kept === 0) {
    values.fill(0);
    return;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const high = countBins(bits, (word) => (word & 0x7fffffff) >>> 16);
  const upper = edgeOf(high, kept);
  const low = new Uint32Array(1 << 16);
  for (const word of bits) {
    if ((word & 0x7fffffff) >>> 16 === upper.bin) low[word & 0xffff] = (low[word & 0xffff] as number) + 1;
  }
  const lower = edgeOf(low, kept - upper.above);
  const edge = upper.bin * 0x10000 + lower.bin;
  let atEdge = kept - upper.above - lower.above;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = (bits[i] as number) & 0x7fffffff;
    if (magnitude > edge) continue;
    if (magnitude === edge && atEdge > 0) atEdge--;
    else values[i] = 0;
  }
}

function countBins(bits: Uint32Array, binOf: (word: number) => number): Uint32Array {
  const counts = new Uint32Array(1 << 16);
  for (const word of bits) {
    const bin = binOf(word);
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

/** The bin that holds the `rank`-th largest, and how many are in the bins above it. */
function edgeOf(counts: Uint32Array, rank: number): { readonly bin: number; readonly above: number } {
  let above = 0;
  for (let bin = counts.length - 1; bin > 0; bin--) {
    const here = counts[bin] as number;
    if (above + here >= rank) return { bin, above };
    above += here;
  }
  return { bin: 0, above };
}

export interface DropSettings {
  /** Each entry's chance to stay, above 0. */
  readonly density: number;
  /** Divides what stays by `density`, so that every entry keeps its expectation (DARE, equation 3). */
  readonly rescale: boolean;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** Sets entries of `values` to 0 at random, in place. */
export function dropAtRandom(values: Float32Array, { density, rescale, random }: DropSettings): void {
  if (density >= 1) return;
  const scale = rescale ? 1 / density : 1;
  for (let i = 0; i < values.length; i++) {
    values[i] = random() < density ? (values[i] as number) * scale : 0;
  }
}
