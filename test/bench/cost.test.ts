import { expect, it } from 'vitest';
import { costTable } from '../../bench/quality/cost.ts';

it('sets two and three rows beside one', () => {
  const memory = { pss: 200, anonymous: 150 };
  const table = costTable([
    { rows: 1, names: ['base'], ms: 10, cpu: 20, memory },
    { rows: 2, names: ['base', 'code'], ms: 15, cpu: 25, memory: { pss: 220, anonymous: 160 } },
    { rows: 3, names: ['base', 'code', 'math'], ms: 16, cpu: 30, memory: undefined },
  ]);
  expect(table.split('\n').slice(4)).toEqual([
    '| base | 10.0 (1.00x) | 100.0 | 20.0 (1.00x) | 200.0 (1.00x) | 150 |',
    '| base + code | 15.0 (1.50x) | 66.7 | 25.0 (1.25x) | 220.0 (1.10x) | 160 |',
    '| base + code + math | 16.0 (1.60x) | 62.5 | 30.0 (1.50x) |  |  |',
    '',
  ]);
  expect(costTable([])).toBe('');
});
