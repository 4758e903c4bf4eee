/** Counts by day, surface, language and experts, as plain rows: added together, bounded, and read back from what was kept. */

import * as v from 'valibot';
import { type Counts, countNames, type UsageKey, type UsageRow } from '../protocol/statistics.ts';

/** Days on which anything was counted; older ones are let go. */
export const MOST_DAYS = 400;
/** Combinations of languages and experts in one day; further ones are counted together as `other`. */
export const MOST_A_DAY = 40;
const OTHER = 'other';

const count = v.pipe(v.number(), v.finite(), v.minValue(0));

export const usageSchema = v.object({
  version: v.literal(1),
  rows: v.array(
    v.object({
      day: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\d$/)),
      surface: v.picklist(['completion', 'chat']),
      language: v.string(),
      experts: v.string(),
      counts: v.record(v.picklist(countNames), count),
    }),
  ),
});

/** The day of a moment, by the clock of the machine. */
export function dayOf(ms: number): string {
  const date = new Date(ms);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Both together, oldest day first: of the newest `MOST_DAYS` days, at most `MOST_A_DAY` rows a day. */
export function addedRows(rows: readonly UsageRow[], more: readonly UsageRow[]): readonly UsageRow[] {
  const sums = new Map<string, UsageRow>();
  const rowsOfDay = new Map<string, number>();
  const add = (row: UsageRow): void => {
    const key = keyOf(row);
    const known = sums.get(key);
    const already = rowsOfDay.get(row.day) ?? 0;
    if (known !== undefined) sums.set(key, { ...known, counts: addedCounts(known.counts, row.counts) });
    // Of the last places each surface has one for what no longer finds room.
    else if (already >= MOST_A_DAY - 2 && row.language !== OTHER)
      add({ ...row, language: OTHER, experts: OTHER });
    else {
      sums.set(key, row);
      rowsOfDay.set(row.day, already + 1);
    }
  };
  for (const row of [...rows, ...more]) add(row);
  // By their number and not by the calendar: a clock that was wrong for an hour takes no year away.
  const days = [...rowsOfDay.keys()].sort().slice(-MOST_DAYS);
  const oldest = days[0] ?? '';
  return [...sums.values()].filter(({ day }) => day >= oldest).sort((a, b) => a.day.localeCompare(b.day));
}

function keyOf({ day, surface, language, experts }: UsageKey): string {
  return JSON.stringify([day, surface, language, experts]);
}

function addedCounts(counts: Counts, more: Counts): Counts {
  const named = countNames.filter((name) => counts[name] !== undefined || more[name] !== undefined);
  return Object.fromEntries(named.map((name) => [name, (counts[name] ?? 0) + (more[name] ?? 0)]));
}

/** For a spreadsheet: a line a row, with every count. */
export function usageCsv(rows: readonly UsageRow[]): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = rows.map(({ day, surface, language, experts, counts }) =>
    [day, surface, quoted(language), quoted(experts), ...countNames.map((name) => counts[name] ?? 0)].join(
      ',',
    ),
  );
  return `${[['day', 'surface', 'language', 'experts', ...countNames].join(','), ...lines].join('\r\n')}\r\n`;
}
