/** Figures made of counts: rates of the suggestions and the speed of the experts, for all days, each day, or each group. */

import { type Counts, countNames, type UsageKey, type UsageRow } from '../../src/protocol/statistics.ts';

/** A share is undefined where there was nothing to take it of. */
export interface Figures {
  readonly shown: number;
  readonly taken: number;
  /** Of those shown. */
  readonly takenShare: number | undefined;
  readonly knownShare: number | undefined;
  readonly whole: number;
  readonly word: number;
  readonly line: number;
  readonly characters: number;
  readonly after30: Kept;
  readonly after300: Kept;
  readonly tokensPerSecond: number | undefined;
}

/** What was taken and looked at again. */
export interface Kept {
  readonly looked: number;
  /** Of those looked at, how many were still there. */
  readonly stillShare: number | undefined;
  /** The mean of their likenesses. */
  readonly alike: number | undefined;
}

export function figuresOf(rows: readonly UsageRow[]): Figures {
  const sum = (name: (typeof countNames)[number]): number =>
    rows.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
  const all = Object.fromEntries(countNames.map((name) => [name, sum(name)])) as Required<Counts>;
  const { shown, taken, known, whole, word, line, characters } = all;
  return {
    shown,
    taken,
    takenShare: share(taken, shown),
    knownShare: share(known, shown),
    whole,
    word,
    line,
    characters,
    after30: kept(all.looked30, all.still30, all.alike30),
    after300: kept(all.looked300, all.still300, all.alike300),
    tokensPerSecond: all.ms === 0 ? undefined : (1000 * all.tokens) / all.ms,
  };
}

function kept(looked: number, still: number, alike: number): Kept {
  return { looked, stillShare: share(still, looked), alike: share(alike, looked) };
}

function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}

/** The figures of each value of `name`, the most used first; what has no value is left out. */
export function figuresBy(
  rows: readonly UsageRow[],
  name: 'language' | 'experts',
): readonly { readonly name: string; readonly figures: Figures }[] {
  const names = [...new Set(rows.map((row) => row[name]))].filter((one) => one !== '');
  return names
    .map((one) => ({ name: one, figures: figuresOf(rows.filter((row) => row[name] === one)) }))
    .sort((a, b) => b.figures.shown - a.figures.shown || a.name.localeCompare(b.name));
}

/** Each of the last `most` days, also those without use, but none from before anything was counted. */
export function figuresByDay(
  rows: readonly UsageRow[],
  { today, most }: { readonly today: string; readonly most: number },
): readonly { readonly day: string; readonly figures: Figures }[] {
  const within = rowsWithin(rows, { today, most });
  const [known = today] = rows.map(({ day }) => day).sort();
  const [, first = today] = [known, daysAfter(today, 1 - most)].sort();
  const days: string[] = [];
  for (let day = first; day <= today; day = daysAfter(day, 1)) days.push(day);
  return days.map((day) => ({ day, figures: figuresOf(within.filter((row) => row.day === day)) }));
}

/** Those of the last `most` days, today's among them. */
export function rowsWithin<Row extends Pick<UsageKey, 'day'>>(
  rows: readonly Row[],
  { today, most }: { readonly today: string; readonly most: number },
): readonly Row[] {
  const oldest = daysAfter(today, 1 - most);
  return rows.filter(({ day }) => day >= oldest && day <= today);
}

/** `2026-02-28` and one day is `2026-03-01`. */
function daysAfter(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
