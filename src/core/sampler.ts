/** The sampler: one token from the pooled distribution. Temperature first, then top-k, top-p, min-p, then one draw. */

import { NothingToDraw } from './decode-error.ts';

export interface Sampling {
  /** Divides log m; 0 is greedy. */
  readonly temperature: number;
  /** Keeps the k most probable tokens; 0 keeps all. */
  readonly topK: number;
  /** Keeps the smallest set of most probable tokens with mass >= topP (Holtzman et al. 2020); 1 keeps all. */
  readonly topP: number;
  /** Keeps tokens with p >= minP * max p (arXiv 2407.01082); 0 keeps all. */
  readonly minP: number;
}

/** The most probable token; ties go to the lowest id. */
export function greedy(probabilities: Float64Array): number {
  let best = 0;
  let bestP = Number.NEGATIVE_INFINITY;
  for (let x = 0; x < probabilities.length; x++) {
    const p = probabilities[x] as number;
    if (p > bestP) {
      bestP = p;
      best = x;
    }
  }
  return best;
}

/**
 * Draws one token. `probabilities` [V] need not have mass 1 (masked tokens are 0) and is overwritten.
 * `random` gives numbers in [0, 1); it is asked exactly once unless greedy. Throws where every token is masked.
 */
export function sample(probabilities: Float64Array, sampling: Sampling, random: () => number): number {
  const best = greedy(probabilities);
  if (!((probabilities[best] as number) > 0)) throw new NothingToDraw();
  if (sampling.temperature === 0) return best;
  if (sampling.temperature !== 1) temper(probabilities, sampling.temperature);
  const u = random();
  if (sampling.topK === 0 && sampling.topP >= 1) return drawAll(probabilities, sampling.minP, u);
  return draw(probabilities, filtered(probabilities, sampling), u);
}

/** m(x)^(1/T), scaled by the largest so that nothing underflows that matters. */
function temper(probabilities: Float64Array, temperature: number): void {
  const max = probabilities[greedy(probabilities)] as number;
  for (let x = 0; x < probabilities.length; x++) {
    const p = probabilities[x] as number;
    if (p > 0) probabilities[x] = Math.exp(Math.log(p / max) / temperature);
  }
}

function drawAll(probabilities: Float64Array, minP: number, u: number): number {
  const floor = minP * (probabilities[greedy(probabilities)] as number);
  let mass = 0;
  for (let x = 0; x < probabilities.length; x++) {
    const p = probabilities[x] as number;
    if (p >= floor) mass += p;
  }
  let left = u * mass;
  let last = 0;
  for (let x = 0; x < probabilities.length; x++) {
    const p = probabilities[x] as number;
    if (p < floor || p === 0) continue;
    left -= p;
    last = x;
    if (left < 0) return x;
  }
  return last;
}

/** The tokens that pass top-k, top-p and min-p, most probable first, ties by lowest id. */
function filtered(probabilities: Float64Array, sampling: Sampling): number[] {
  let mass = 0;
  for (let x = 0; x < probabilities.length; x++) mass += probabilities[x] as number;
  const limit = sampling.topK === 0 ? probabilities.length : sampling.topK;
  const wanted = sampling.topP * mass;
  const kept: number[] = [];
  let floor = 0;
  let keptMass = 0;
  for (const x of descending(probabilities)) {
    const p = probabilities[x] as number;
    if (kept.length === 0) floor = sampling.minP * p;
    else if (p < floor || p === 0) break;
    kept.push(x);
    keptMass += p;
    if (kept.length >= limit || keptMass >= wanted) break;
  }
  return kept;
}

function draw(probabilities: Float64Array, candidates: readonly number[], u: number): number {
  let mass = 0;
  for (const x of candidates) mass += probabilities[x] as number;
  let left = u * mass;
  let last = 0;
  for (const x of candidates) {
    const p = probabilities[x] as number;
    if (p === 0) continue;
    left -= p;
    last = x;
    if (left < 0) return x;
  }
  return last;
}

/** Token ids by falling probability, ties by rising id: a binary heap, so that the few on top cost O(V + k log V). */
export function* descending(probabilities: Float32Array | Float64Array): Generator<number> {
  const heap = new Uint32Array(probabilities.length);
  for (let x = 0; x < heap.length; x++) heap[x] = x;
  const before = (a: number, b: number): boolean => {
    const pa = probabilities[a] as number;
    const pb = probabilities[b] as number;
    return pa > pb || (pa === pb && a < b);
  };
  const sink = (start: number, size: number): void => {
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && before(heap[child + 1] as number, heap[child] as number)) child++;
      const parent = heap[at] as number;
      if (!before(heap[child] as number, parent)) return;
      heap[at] = heap[child] as number;
      heap[child] = parent;
      at = child;
    }
  };
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) sink(at, heap.length);
  for (let size = heap.length; size > 0; size--) {
    yield heap[0] as number;
    heap[0] = heap[size - 1] as number;
    sink(0, size - 1);
  }
}
