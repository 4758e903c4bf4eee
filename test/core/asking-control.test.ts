/** The chi-square test of drawing lazily, on a core with one step missing. */

import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Mix, Sampling } from '../../src/core/index.ts';
import { chiSquareP } from './chi-square.ts';
import { distribution, SIZE } from './toy.ts';

const control = { missing: false };
let toy: typeof import('./toy.ts');

// A core of this file's own, in which whatever an expert draws is kept as if no filter were there. Other files share theirs.
beforeAll(async () => {
  vi.resetModules();
  vi.doMock('../../src/core/kept.ts', async (original) => {
    const { isKept } = await original<typeof import('../../src/core/kept.ts')>();
    return { isKept: (...given: Parameters<typeof isKept>) => (control.missing ? 'kept' : isKept(...given)) };
  });
  toy = await import('./toy.ts');
});

afterAll(() => {
  vi.doUnmock('../../src/core/kept.ts');
  vi.resetModules();
});

const tables = [
  [2, 1, 0, 0, -1, 0, 1],
  [-1, 2, 1, 0, 1, 0, 0],
];
const sampling: Sampling = { temperature: 1, topK: 3, topP: 1, minP: 0 };

/** Of 3,000 first tokens, drawn lazily. */
async function p(): Promise<number> {
  const participants = tables.map((row, i) => ({
    expert: toy.markovExpert(
      `${i}`,
      Array.from({ length: SIZE }, () => row),
    ),
    prompt: Int32Array.of(0),
    weight: 1,
  }));
  const mix: Mix = { participants, pool: { kind: 'linear' } };
  const counts = new Array<number>(SIZE).fill(0);
  for (let seed = 0; seed < 3000; seed++) {
    const { tokens } = await toy.run({ mix: () => mix, asking: 'lazily', sampling, maxTokens: 1 }, seed);
    counts[tokens[0] ?? 0] = (counts[tokens[0] ?? 0] ?? 0) + 1;
  }
  const pooled = tables
    .map((row) => distribution(row).probabilities)
    .reduce((a, b) => a.map((value, x) => value + (b[x] ?? 0)));
  const kept = [...pooled.keys()].sort((x, y) => (pooled[y] ?? 0) - (pooled[x] ?? 0)).slice(0, 3);
  const mass = kept.reduce((sum, x) => sum + (pooled[x] ?? 0), 0);
  return chiSquareP(
    counts,
    [...pooled].map((value, x) => (kept.includes(x) ? value / mass : 0)),
  );
}

it('lazy drawing without its look at the filter is told from the pool', async () => {
  expect(await p()).toBeGreaterThan(1e-3);
  control.missing = true;
  expect(await p()).toBeLessThan(1e-6);
});
