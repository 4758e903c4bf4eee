import { describe, expect, it } from 'vitest';
import { figuresBy, figuresByDay, figuresOf, rowsWithin } from '../../media/statistics/figures.ts';
import type { Counts, UsageRow } from '../../src/protocol/statistics.ts';

const row = (day: string, counts: Counts, more: Partial<UsageRow> = {}): UsageRow => ({
  day,
  surface: 'completion',
  language: 'typescript',
  experts: 'pocket/code',
  counts,
  ...more,
});

describe('figures', () => {
  it('are shares of what they are taken of, over all rows together', () => {
    const figures = figuresOf([
      row('2026-11-26', { shown: 10, known: 2, taken: 5, looked30: 4, still30: 3, alike30: 3.4 }),
      row('2026-11-27', { shown: 30, known: 0, taken: 5, looked300: 2, still300: 1, alike300: 1 }),
      row('2026-11-27', { answers: 2, tokens: 90, ms: 1500 }, { surface: 'chat', language: '' }),
    ]);
    expect(figures).toMatchObject({
      shown: 40,
      taken: 10,
      takenShare: 0.25,
      knownShare: 0.05,
      after30: { looked: 4, stillShare: 0.75, alike: 0.85 },
      after300: { looked: 2, stillShare: 0.5, alike: 0.5 },
      tokensPerSecond: 60,
    });
  });

  it('are not there where there was nothing to take a share of', () => {
    expect(figuresOf([])).toMatchObject({
      shown: 0,
      takenShare: undefined,
      knownShare: undefined,
      after30: { stillShare: undefined, alike: undefined },
      tokensPerSecond: undefined,
    });
  });

  it('of groups come with the most used first, and what has no name is left out', () => {
    const rows = [
      row('2026-11-27', { shown: 1 }, { language: 'python' }),
      row('2026-11-27', { shown: 2 }),
      row('2026-11-27', { tokens: 9, ms: 1 }, { language: '' }),
    ];
    expect(figuresBy(rows, 'language').map(({ name, figures }) => [name, figures.shown])).toEqual([
      ['typescript', 2],
      ['python', 1],
    ]);
  });

  it('of days have the days between too, across a month and a leap day', () => {
    const rows = [row('2028-02-27', { shown: 2 }), row('2028-03-01', { shown: 1 })];
    const dailyOf = (all: readonly UsageRow[], most: number) =>
      figuresByDay(all, { today: '2028-03-02', most }).map(({ day, figures }) => [day, figures.shown]);
    const days = [
      ['2028-02-27', 2],
      ['2028-02-28', 0],
      ['2028-02-29', 0],
      ['2028-03-01', 1],
      ['2028-03-02', 0],
    ];
    expect(dailyOf(rows, 7)).toEqual(days);
    // A day without use has its place where anything was counted before it.
    expect(dailyOf([row('2027-12-31', { shown: 9 }), ...rows], 6)).toEqual([['2028-02-26', 0], ...days]);
    expect(dailyOf([], 7)).toEqual([['2028-03-02', 0]]);
  });

  it('of the last days count today as one of them', () => {
    const rows = [row('2026-11-20', {}), row('2026-11-21', {}), row('2026-11-27', {}), row('2026-11-28', {})];
    const days = rowsWithin(rows, { today: '2026-11-27', most: 7 }).map(({ day }) => day);
    expect(days).toEqual(['2026-11-21', '2026-11-27']);
  });
});
