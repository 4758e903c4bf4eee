import { describe, expect, it } from 'vitest';
import type { Part } from '../../bench/quality/statistics.ts';
import { overviewTable, suiteTable } from '../../bench/quality/table.ts';
import { figures } from '../../bench/quality/verdicts.ts';

const bits = { key: 'bits', title: 'bits per byte', kind: 'bits' } as const;
const rate = { key: 'right', title: 'correct', kind: 'rate' } as const;
const cases = 40;
/** `value` for every case, give or take a little by the case's number. */
const around = (value: number, weight = 10): Part[] =>
  Array.from({ length: cases }, (_, i) => ({ sum: value * weight + (i % 5) * 0.01, weight }));
const right = (count: number): Part[] =>
  Array.from({ length: cases }, (_, i) => ({ sum: i < count ? 1 : 0, weight: 1 }));
const verdicts = (measured: Parameters<typeof figures>[1], metric: Parameters<typeof figures>[0] = bits) =>
  Object.fromEntries(figures(metric, measured, 1).map(({ name, verdict }) => [name, verdict]));

describe('the verdict', () => {
  it('compares with the best expert alone; fewer bits win', () => {
    expect(
      verdicts([
        { name: 'a', alone: true, parts: around(3) },
        { name: 'b', alone: true, parts: around(2) },
        { name: 'good', alone: false, parts: around(1.5) },
        { name: 'between', alone: false, parts: around(2.5) },
        { name: 'same', alone: false, parts: around(2) },
      ]),
    ).toEqual({ a: 'alone', b: 'best alone', good: 'wins', between: 'loses', same: 'level' });
  });

  it('calls level what nobody would notice, however certain', () => {
    const measured = (value: number) => [
      { name: 'a', alone: true, parts: around(2) },
      { name: 'mix', alone: false, parts: around(value) },
    ];
    expect(verdicts(measured(1.99)).mix).toBe('level');
    expect(verdicts(measured(1.97)).mix).toBe('wins');
  });

  it('counts right answers by pairs, and more win', () => {
    const against = (count: number) =>
      verdicts(
        [
          { name: 'a', alone: true, parts: right(20) },
          { name: 'mix', alone: false, parts: right(count) },
        ],
        rate,
      ).mix;
    expect(against(20)).toBe('level');
    // Five more, none fewer: p = 2 / 32.
    expect(against(25)).toBe('level');
    expect(against(26)).toBe('wins');
    expect(against(14)).toBe('loses');
  });

  it('asks more of each of many mixtures', () => {
    const mix = (i: number) => ({ name: `mix ${i}`, alone: false, parts: right(26) });
    const measured = [
      { name: 'a', alone: true, parts: right(20) },
      ...Array.from({ length: 3 }, (_, i) => mix(i)),
    ];
    expect(verdicts(measured, rate)['mix 0']).toBe('level');
  });

  it('needs an expert alone to compare with', () => {
    expect(() => figures(bits, [{ name: 'mix', alone: false, parts: around(1) }], 1)).toThrow('alone');
  });
});

it('writes a table with the verdict in it and a sentence beneath', () => {
  const measured = [
    { name: 'a alone', alone: true, parts: right(20) },
    { name: 'a + b, linear', alone: false, parts: right(10) },
  ];
  const text = suiteTable({
    title: 'Some',
    cases,
    metrics: [{ metric: rate, figures: figures(rate, measured, 1) }],
  });
  expect(text).toContain('| a alone | 50.0 % (35.2 to 64.8) | **best alone** |');
  expect(text).toMatch(
    /\| a \+ b, linear \| 25\.0 % \(\S+ to \S+\) \| \*\*loses\*\* -25\.0 \(-\S+ to -\S+\) \|/,
  );
  expect(text).toContain(
    '- correct: best alone is a alone (50.0 %), best mixture a + b, linear (25.0 %): loses. Mixtures: 0 win, 0 level, 1 lose.',
  );
});

it('sets the suites side by side, each against its best expert alone', () => {
  const suite = (title: string, ...values: readonly [number, number, number]) => {
    const [a, b, mix] = values.map((value) => around(value)) as [Part[], Part[], Part[]];
    const measured = [
      { name: 'a', alone: true, parts: a },
      { name: 'b', alone: true, parts: b },
      { name: 'mix', alone: false, parts: mix },
    ];
    return { title, cases, metrics: [{ metric: bits, figures: figures(bits, measured, 1) }] };
  };
  const table = overviewTable([suite('One', 2, 3, 1.8), suite('Two', 3, 2, 2)]);
  expect(table).toContain('| a | **best alone**, 2.002 | +1.000 |');
  expect(table).toContain('| mix | **wins** -0.200 | level 0.000 |');
});
