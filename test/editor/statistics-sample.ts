// A month of use as the statistics page would be told of it: made up by a fixed rule, for pictures and tests.
import type { StatisticsState, UsageRow } from '../../src/protocol/statistics.ts';

const groups = [
  { language: 'typescript', experts: 'tiny/base + tiny/code', share: 1 },
  { language: 'python', experts: 'tiny/base + tiny/code', share: 0.5 },
  { language: 'latex', experts: 'tiny/base + tiny/code + tiny/math', share: 0.25 },
];

export function sampleState(days = 30, today = '2026-11-27'): StatisticsState {
  const rows = Array.from({ length: days }, (_, index) => {
    const date = new Date(`${today}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() - index);
    return rowsOf(date, index);
  });
  return { today, rows: rows.reverse().flat() };
}

function rowsOf(date: Date, index: number): UsageRow[] {
  if ([0, 6].includes(date.getUTCDay()) || index === 9) return [];
  const day = date.toISOString().slice(0, 10);
  const wave = 1 + 0.4 * Math.sin(index / 2.3);
  const rows = groups.map(({ language, experts, share }, group): UsageRow => {
    const shown = Math.round(90 * wave * share);
    const taken = Math.round(shown * (0.26 + 0.05 * Math.cos(index + group)));
    const still30 = Math.round(taken * 0.9);
    const still300 = Math.round(taken * (0.74 + 0.06 * Math.sin(index)));
    return {
      day,
      surface: 'completion',
      language,
      experts,
      counts: {
        shown,
        known: Math.round(shown * 0.18),
        taken,
        whole: Math.round(taken * 0.7),
        word: Math.round(taken * 0.4),
        line: Math.round(taken * 0.1),
        characters: 24 * taken,
        looked30: taken,
        looked300: taken,
        still30,
        still300,
        alike30: 0.97 * still30,
        alike300: 0.93 * still300,
      },
    };
  });
  const experts = ['tiny/base + tiny/code', 'tiny/base + tiny/code + tiny/math'];
  const speed = experts.map(
    (set, order): UsageRow => ({
      day,
      surface: order === 0 ? 'completion' : 'chat',
      language: '',
      experts: set,
      counts: {
        answers: 40,
        tokens: 1200,
        ms: Math.round((1200 * 1000) / (52 - 9 * order + 5 * Math.sin(index))),
      },
    }),
  );
  return [...rows, ...speed];
}
