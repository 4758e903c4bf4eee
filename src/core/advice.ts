/**
 * Which experts to mix, with which weights, for text of a given kind: greedy forward selection by held-out likelihood
 * (Caruana et al. 2004, "Ensemble selection from libraries of models") under a cap on memory. Measures of transferability
 * that rank sets of models without running them as a mixture (OSBORN, arXiv 2309.02429) need the models' own training
 * data; here every expert can simply be asked, so the likelihood itself is the measure.
 *
 * One half of the text fits weights and chooses, the other only judges: an expert that helps by chance is refused.
 */

import { fitProportions, pooledLogProbsInto } from './proportions.ts';

/** A stretch of the text, scored by every expert from an empty context. */
export interface Piece {
  /** UTF-8 bytes. */
  readonly bytes: number;
  readonly half: 'fit' | 'judge';
}

export interface Candidate {
  /** Unique. */
  readonly id: string;
  /** Experts of one vocabulary cut text into the same tokens and can be mixed token by token. */
  readonly vocabulary: string;
  readonly memoryBytes: number;
  /** log p of every token of each piece, in nats, [pieces][tokens]. */
  readonly logProbs: readonly Float64Array[];
}

export interface AdviceOptions {
  /** The chosen experts take at most this together, in bytes. */
  readonly memoryLimit: number;
  /** A larger set must be better than the smaller one by more than this many standard errors of the difference. */
  readonly standardErrors: number;
  /** ... and by at least this, in bits per byte: another expert costs time at every token. */
  readonly leastGain: number;
}

export const ADVICE = { standardErrors: 2, leastGain: 0.005 } as const;

export interface Member {
  readonly id: string;
  /** Share of the pool; the members' sum to 1. */
  readonly weight: number;
}

export interface AdviceRow {
  /**
   * An expert by itself; a step of the greedy path; a larger set that was tried and is not better (by enough, or beyond what
   * chance explains); one that would not fit into memory.
   */
  readonly kind: 'alone' | 'step' | 'no-gain' | 'over-limit';
  /** By id. */
  readonly members: readonly Member[];
  readonly vocabulary: string;
  /** On the half that judges. */
  readonly bitsPerByte: number;
  readonly memoryBytes: number;
  /** Bits per byte that it is better than the set it would enlarge, and the standard error of that; 0 where it enlarges none. */
  readonly gain: number;
  readonly standardError: number;
}

export interface Advice {
  /** Experts alone first, best first, then what was tried, in order. */
  readonly rows: readonly AdviceRow[];
  /** What to use: one of `rows`; undefined where no expert fits into memory. */
  readonly chosen: AdviceRow | undefined;
}

/** Least share of the pool: an expert that counts less is left out of a set. */
const LEAST_WEIGHT = 0.01;

/** Runs `adviceSteps` to its end. */
export function advise(
  candidates: readonly Candidate[],
  pieces: readonly Piece[],
  options: AdviceOptions,
): Advice {
  const steps = adviceSteps(candidates, pieces, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Yields after each set that was tried, so that a caller can do something else between two.
 * The order of the candidates does not matter. Throws a RangeError where they were not scored on the same pieces.
 */
export function* adviceSteps(
  candidates: readonly Candidate[],
  pieces: readonly Piece[],
  options: AdviceOptions,
): Generator<undefined, Advice> {
  const ordered = [...candidates].sort((a, b) => compare(a.id, b.id));
  const halves = splitHalves(pieces);
  const alone: Trial[] = [];
  const tried: AdviceRow[] = [];
  let best: Trial | undefined;
  for (const vocabulary of new Set(ordered.map((candidate) => candidate.vocabulary))) {
    const group = ordered.filter((candidate) => candidate.vocabulary === vocabulary);
    const singles = group.map((candidate) => trial([], candidate, halves));
    alone.push(...singles);
    yield;
    const first = leading(singles.filter(({ memoryBytes }) => memoryBytes <= options.memoryLimit));
    if (first === undefined) continue;
    const path = yield* grow(first, group, halves, options);
    tried.push(...path.rows);
    best = leading(best === undefined ? [path.best] : [best, path.best]);
  }
  const rows = [
    ...alone.map((one) => rowOf('alone', one)).sort((a, b) => a.bitsPerByte - b.bitsPerByte),
    ...tried,
  ];
  const chosen = best;
  return { rows, chosen: chosen && rows.find((row) => isUsable(row) && isOf(row, chosen)) };
}

interface Halves {
  readonly fit: readonly number[];
  readonly judge: readonly number[];
  readonly fitBytes: number;
  /** Bytes of each piece that judges. */
  readonly judgeBytes: readonly number[];
}

/** A set of experts with the weights that fit it best. */
interface Trial {
  readonly experts: readonly Candidate[];
  readonly weights: readonly number[];
  readonly memoryBytes: number;
  /** On the half that fits. */
  readonly fitBits: number;
  /** Bits of each piece that judges. */
  readonly bits: readonly number[];
  readonly bitsPerByte: number;
}

/** Adds the expert that fits best, as long as the other half finds the set better for it. */
function* grow(
  first: Trial,
  group: readonly Candidate[],
  halves: Halves,
  options: AdviceOptions,
): Generator<undefined, { readonly best: Trial; readonly rows: readonly AdviceRow[] }> {
  const rows: AdviceRow[] = [];
  let best = first;
  for (;;) {
    const larger: Trial[] = [];
    for (const candidate of group.filter((one) => !best.experts.includes(one))) {
      larger.push(trial(best.experts, candidate, halves));
      yield;
    }
    let next: Trial | undefined;
    const refused: AdviceRow[] = [];
    for (const one of larger.sort(byFit)) {
      const { gain, standardError } = compareBits(best, one, halves);
      // Better on the half that fits too: so no set comes back, and the path ends.
      const enough =
        one.fitBits < best.fitBits &&
        gain >= options.leastGain &&
        gain > options.standardErrors * standardError;
      const fits = one.memoryBytes <= options.memoryLimit;
      if (enough && fits) {
        next = one;
        rows.push({ ...rowOf('step', one), gain, standardError });
        break;
      }
      refused.push({ ...rowOf(fits || !enough ? 'no-gain' : 'over-limit', one), gain, standardError });
    }
    if (next === undefined) return { best, rows: [...rows, ...refused] };
    best = next;
  }
}

/** `before` and a new one with the best weights; an expert of `before` that then counts for almost nothing is left out. */
function trial(before: readonly Candidate[], added: Candidate, halves: Halves): Trial {
  const experts = [...before, added].sort((a, b) => compare(a.id, b.id));
  const logProbs = experts.map((expert) => joined(expert, halves.fit));
  const { weights, path } = fitProportions(logProbs);
  const kept = before.filter((expert) => (weights[experts.indexOf(expert)] as number) >= LEAST_WEIGHT);
  if (kept.length < before.length) return trial(kept, added, halves);
  const bits = halves.judge.map((piece) => {
    const rows = experts.map((expert) => pieceOf(expert, piece));
    const out = new Float64Array(rows[0]?.length ?? 0);
    pooledLogProbsInto(rows, weights, out);
    return -sum(out) / Math.LN2;
  });
  const tokens = logProbs[0]?.length ?? 0;
  return {
    experts,
    weights,
    memoryBytes: experts.reduce((total, { memoryBytes }) => total + memoryBytes, 0),
    fitBits: (-tokens * (path.at(-1) as number)) / Math.LN2 / halves.fitBytes,
    bits,
    bitsPerByte: sum(bits) / sum(halves.judgeBytes),
  };
}

/**
 * How many bits per byte `one` is better than `before` on the half that judges, with the standard error of a ratio whose
 * pieces were drawn at random (Cochran 1977, "Sampling techniques", section 6.4); infinite for a single piece.
 */
function compareBits(
  before: Trial,
  one: Trial,
  { judgeBytes }: Halves,
): { readonly gain: number; readonly standardError: number } {
  const saved = before.bits.map((bits, i) => bits - (one.bits[i] as number));
  const bytes = sum(judgeBytes);
  const gain = sum(saved) / bytes;
  const count = saved.length;
  if (count < 2) return { gain, standardError: Number.POSITIVE_INFINITY };
  const squares = saved.map((bits, i) => (bits - gain * (judgeBytes[i] as number)) ** 2);
  return { gain, standardError: Math.sqrt((count / (count - 1)) * sum(squares)) / bytes };
}

function splitHalves(pieces: readonly Piece[]): Halves {
  const fit = pieces.flatMap(({ half }, i) => (half === 'fit' ? [i] : []));
  const judge = pieces.flatMap(({ half }, i) => (half === 'judge' ? [i] : []));
  if (fit.length === 0 || judge.length === 0) throw new RangeError('each half must have a piece of text');
  const bytesOf = (at: number): number => (pieces[at] as Piece).bytes;
  return { fit, judge, fitBytes: sum(fit.map(bytesOf)), judgeBytes: judge.map(bytesOf) };
}

function joined(expert: Candidate, pieces: readonly number[]): Float64Array {
  const parts = pieces.map((at) => pieceOf(expert, at));
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    all.set(part, filled);
    filled += part.length;
  }
  return all;
}

function pieceOf(expert: Candidate, at: number): Float64Array {
  const piece = expert.logProbs[at];
  if (piece === undefined) throw new RangeError(`'${expert.id}' was not scored on every piece`);
  return piece;
}

/** Which fits best; of equals the one with fewer experts, then the smaller, then the first by name. */
function leading(trials: readonly Trial[]): Trial | undefined {
  return [...trials].sort(byFit)[0];
}

function byFit(a: Trial, b: Trial): number {
  return (
    a.fitBits - b.fitBits ||
    a.experts.length - b.experts.length ||
    a.memoryBytes - b.memoryBytes ||
    compare(nameOf(a), nameOf(b))
  );
}

function nameOf({ experts }: Trial): string {
  return experts.map(({ id }) => id).join('\n');
}

function rowOf(kind: AdviceRow['kind'], one: Trial): AdviceRow {
  return {
    kind,
    members: one.experts.map(({ id }, i) => ({ id, weight: one.weights[i] as number })),
    vocabulary: one.experts[0]?.vocabulary ?? '',
    bitsPerByte: one.bitsPerByte,
    memoryBytes: one.memoryBytes,
    gain: 0,
    standardError: 0,
  };
}

function isUsable({ kind }: AdviceRow): boolean {
  return kind === 'alone' || kind === 'step';
}

function isOf(row: AdviceRow, one: Trial): boolean {
  return row.members.map(({ id }) => id).join('\n') === nameOf(one);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}
