/** How well a score tells good from bad: the area under the ROC curve, with an interval over sessions. */

import { type Interval, middle, type Resampling } from '../quality/statistics.ts';

export interface Scored {
  readonly score: number;
  readonly isGood: boolean;
}

/**
 * How often, of a good one and a bad one of the same bin, the good one has the higher score; a tie counts half. 0.5 is chance.
 * Undefined where no bin holds both.
 */
export function auc(bins: readonly (readonly Scored[])[]): number | undefined {
  let won = 0;
  let pairs = 0;
  for (const bin of bins) {
    const bad = bin.filter(({ isGood }) => !isGood);
    for (const good of bin.filter(({ isGood }) => isGood))
      for (const { score } of bad) {
        pairs++;
        won += good.score > score ? 1 : good.score === score ? 0.5 : 0;
      }
  }
  return pairs === 0 ? undefined : won / pairs;
}

/** In the order of `value`, in so many bins of nearly the same size. */
export function binned<Case>(
  cases: readonly Case[],
  value: (one: Case) => number,
  count: number,
): readonly (readonly Case[])[] {
  const sorted = cases.toSorted((a, b) => value(a) - value(b));
  const edge = (i: number): number => Math.round((i * sorted.length) / count);
  return Array.from({ length: count }, (_, i) => sorted.slice(edge(i), edge(i + 1)));
}

/**
 * The 95 % percentile bootstrap interval of a figure, drawing whole sessions, since what stands in one is alike. Draws for which there is
 * no figure are left out; undefined where there are only such.
 */
export function overSessions<Case>(
  sessions: readonly (readonly Case[])[],
  figure: (cases: readonly Case[]) => number | undefined,
  { random, rounds }: Resampling,
): Interval | undefined {
  const drawn = Array.from({ length: rounds }, () =>
    figure(sessions.flatMap(() => sessions[Math.floor(random() * sessions.length)] ?? [])),
  );
  const values = drawn.filter((value) => value !== undefined);
  return values.length === 0 ? undefined : middle(Float64Array.from(values));
}
