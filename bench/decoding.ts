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
  /** Of all threads. */
  readonly 'CPU ms a token': number;
  /** Time a token of plain mixing over this. */
  readonly speedup: number;
  /** How many tokens are those of plain mixing, from the start, of how many; the least over the rounds. */
  readonly alike: string;
}

const line = (name: string): string =>
  `  ${name}User: protectedProcedure.input(${name}Schema).mutation(({ input, ctx }) => ctx.users.${name}(input)),\n`;
const lines = ['create', 'delete', 'rename', 'invite', 'remove', 'update', 'search', 'import'].map(line);
/** As in a refactoring: a block of code stands there once and is half written again. */
const repeated = [
  '// Before\nexport const oldRouter = router({\n',
  ...lines,
  '});\n\n// After: the same, renamed\nexport const newRouter = router({\n',
  ...lines.slice(0, 3),
].join('');
const fresh =
  'export function mean(values: number[]): number {\n  const total = values.reduce((a, b) => a + b, 0);\n';

interface Task {
  readonly text: string;
  readonly prompt: string;
  readonly temperature: number;
  readonly weights: readonly number[];
  readonly ways: readonly Acceleration[];
}

const tasks: readonly Task[] = [
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
    text: 'new code, greedy, weights 19:1',
    prompt: fresh,
    temperature: 0,
    weights: [19, 1],
    ways: ['none', 'lazily', 'auto'],
  },
  {
    text: 'new code, drawn',
    prompt: fresh,
    temperature: 1,
    weights: [1, 1],
    ways: ['none', 'inTurn', 'lazily'],
  },
  {
    text: 'new code, drawn, four experts',
    prompt: fresh,
    temperature: 1,
    weights: [1, 1, 1, 1],
    ways: ['none', 'lazily'],
  },
];

export async function measureDecoding(options: DecodingOptions): Promise<readonly DecodingRow[]> {
  const { first, second, programs, rounds, tokens } = options;
  const engine = createEngine({ programs });
  const rows: DecodingRow[] = [];
  for (const { text, prompt, temperature, weights, ways } of tasks) {
    engine.configure({
      experts: weights.map((weight, i) => expertAt(`${i}`, i % 2 === 0 ? first : second, weight)),
      pool: { kind: 'linear' },
      weighting: 'fixed',
    });
    const times = new Map(ways.map((way): [Acceleration, number[]] => [way, []]));
    const processor = new Map(ways.map((way): [Acceleration, number[]] => [way, []]));
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
        processor.get(way)?.push(result.cpuMs / Math.max(1, result.ids.length - 1));
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
        'CPU ms a token': Number(median(processor.get(way) ?? []).toFixed(2)),
        speedup: Number((plain / ms).toFixed(2)),
        alike: (alike.get(way) ?? []).join(' of '),
      });
    }
  }
  await engine.dispose();
  return rows;
}
