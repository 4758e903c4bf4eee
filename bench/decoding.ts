/** What lossless acceleration saves, against plain mixing in the same run. */

import { createEngine } from '../src/engine/engine.ts';
import type { Acceleration } from '../src/protocol/engine.ts';
import { complete, expertAt, msPerToken } from './complete.ts';
import { median } from './median.ts';

export interface DecodingOptions {
  readonly first: string;
  readonly second: string;
  readonly programs: string;
  readonly rounds: number;
  readonly tokens: number;
}

export interface DecodingRow {
  readonly text: string;
  readonly accelerate: Acceleration;
  readonly 'tokens/s': number;
  readonly 'ms a token': number;
  /** Time a token of plain mixing over this. */
  readonly speedup: number;
  /** How many tokens are those of plain mixing, from the start, of how many; the least over the rounds. */
  readonly alike: string;
}

/** As in a refactoring: a block of code stands there once and is begun again. */
const block = `  createUser: protectedProcedure.input(userSchema).mutation(({ input, ctx }) => ctx.users.create(input)),
  deleteUser: protectedProcedure.input(idSchema).mutation(({ input, ctx }) => ctx.users.delete(input.id)),
  renameUser: protectedProcedure.input(nameSchema).mutation(({ input, ctx }) => ctx.users.rename(input)),
`;
const repeated = `export const oldRouter = router({\n${block}});\n\nexport const newRouter = router({\n${block.slice(0, 40)}`;
const fresh =
  'export function mean(values: number[]): number {\n  const total = values.reduce((a, b) => a + b, 0);\n';

const tasks: readonly {
  readonly text: string;
  readonly prompt: string;
  readonly temperature: number;
  readonly weights: readonly [number, number];
  readonly ways: readonly Acceleration[];
}[] = [
  {
    text: 'repeated code, greedy',
    prompt: repeated,
    temperature: 0,
    weights: [1, 1],
    ways: ['none', 'lookup', 'auto'],
  },
  {
    text: 'new code, greedy',
    prompt: fresh,
    temperature: 0,
    weights: [1, 1],
    ways: ['none', 'inTurn', 'lazily'],
  },
  {
    text: 'new code, greedy, weights 9:1',
    prompt: fresh,
    temperature: 0,
    weights: [9, 1],
    ways: ['none', 'lazily'],
  },
  {
    text: 'new code, drawn',
    prompt: fresh,
    temperature: 1,
    weights: [1, 1],
    ways: ['none', 'inTurn', 'lazily'],
  },
];

export async function measureDecoding(options: DecodingOptions): Promise<readonly DecodingRow[]> {
  const { first, second, programs, rounds, tokens } = options;
  const engine = createEngine({ programs });
  const rows: DecodingRow[] = [];
  for (const { text, prompt, temperature, weights, ways } of tasks) {
    engine.configure({
      experts: [expertAt('first', first, weights[0]), expertAt('second', second, weights[1])],
      pool: { kind: 'linear' },
      weighting: 'fixed',
    });
    const times = new Map(ways.map((way): [Acceleration, number[]] => [way, []]));
    const alike = new Map<Acceleration, readonly [number, number]>();
    for (const way of ways) await complete(engine, { prompt, maxTokens: 8, accelerate: way, temperature });
    for (let round = 0; round < rounds; round++) {
      let plain: readonly number[] = [];
      for (const way of ways) {
        const result = await complete(engine, {
          prompt,
          maxTokens: tokens,
          accelerate: way,
          temperature,
          seed: round,
        });
        times.get(way)?.push(msPerToken(result));
        if (way === 'none') plain = result.ids;
        const differs = result.ids.findIndex((id, i) => id !== plain[i]);
        const same = differs === -1 ? result.ids.length : differs;
        if (same < (alike.get(way)?.[0] ?? Number.POSITIVE_INFINITY))
          alike.set(way, [same, result.ids.length]);
      }
    }
    const plain = median(times.get('none') ?? []);
    for (const way of ways) {
      const ms = median(times.get(way) ?? []);
      rows.push({
        text,
        accelerate: way,
        'tokens/s': Number((1000 / ms).toFixed(1)),
        'ms a token': Number(ms.toFixed(2)),
        speedup: Number((plain / ms).toFixed(2)),
        alike: (alike.get(way) ?? []).join(' of '),
      });
    }
  }
  await engine.dispose();
  return rows;
}
