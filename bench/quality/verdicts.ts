/** From the parts of every case to figures with intervals, and to the verdict on each mixture. */

import { seededRandom } from '../../src/core/index.ts';
import {
  bootstrap,
  holm,
  type Interval,
  mcnemar,
  type PairedDifference,
  type Part,
  pairedDifference,
  ratio,
  wilson,
} from './statistics.ts';
import type { Metric } from './suites.ts';

/** What a variant measured: parts of one metric, a case each, all variants in the same order of cases. */
export interface Measured {
  readonly name: string;
  readonly alone: boolean;
  readonly parts: readonly Part[];
}

export type Verdict = 'best alone' | 'alone' | 'wins' | 'loses' | 'level';

export interface Figure extends Interval {
  readonly name: string;
  readonly value: number;
  readonly verdict: Verdict;
  /** Against the best expert alone; `p` corrected for the number of mixtures in the table (Holm). Mixtures only. */
  readonly against?: PairedDifference;
}

const ROUNDS = 10_000;
const SIGNIFICANT = 0.05;
/** A difference below this part of the best expert's figure is level, however certain it is. */
const NOTICEABLE = 0.01;

/**
 * Each mixture beside the expert that is best alone by this metric. That one is chosen with hindsight on the same cases,
 * which favours it a little: a mixture that wins has won against the luckiest of the experts.
 */
export function figures(metric: Metric, measured: readonly Measured[], seed: number): Figure[] {
  const better = metric.kind === 'bits' ? -1 : 1;
  const best = measured
    .filter(({ alone }) => alone)
    .reduce<Measured | undefined>(
      (a, b) => (a === undefined || better * (ratio(b.parts) - ratio(a.parts)) > 0 ? b : a),
      undefined,
    );
  if (best === undefined) throw new RangeError('no expert was measured alone');
  const mixes = measured.filter(({ alone }) => !alone);
  const compared = mixes.map(({ parts }) => compare(metric, parts, best.parts, seed));
  const corrected = holm(compared.map(({ p }) => p));
  return measured.map((one): Figure => {
    const figure = { name: one.name, value: ratio(one.parts), ...interval(metric, one.parts, seed) };
    const i = mixes.indexOf(one);
    const difference = compared[i];
    if (difference === undefined) return { ...figure, verdict: one === best ? 'best alone' : 'alone' };
    const against = { ...difference, p: corrected[i] as number };
    return { ...figure, against, verdict: verdictOn(against, { better, best: ratio(best.parts) }) };
  });
}

function verdictOn(
  { difference, p }: PairedDifference,
  { better, best }: { readonly better: 1 | -1; readonly best: number },
): Verdict {
  if (p >= SIGNIFICANT || Math.abs(difference) < NOTICEABLE * Math.abs(best)) return 'level';
  return better * difference > 0 ? 'wins' : 'loses';
}

function interval({ kind }: Metric, parts: readonly Part[], seed: number): Interval {
  return kind === 'rate'
    ? wilson(
        parts.reduce((total, { sum }) => total + sum, 0),
        parts.length,
      )
    : bootstrap(parts, { random: seededRandom(seed), rounds: ROUNDS });
}

/** Rates get their p-value from McNemar's exact test, the others from the sign-flip test. */
function compare(
  { kind }: Metric,
  parts: readonly Part[],
  best: readonly Part[],
  seed: number,
): PairedDifference {
  const paired = pairedDifference(parts, best, { random: seededRandom(seed), rounds: ROUNDS });
  if (kind !== 'rate') return paired;
  const only = (a: readonly Part[], b: readonly Part[]): number =>
    a.filter(({ sum }, i) => sum === 1 && b[i]?.sum === 0).length;
  return { ...paired, p: mcnemar(only(parts, best), only(best, parts)) };
}
