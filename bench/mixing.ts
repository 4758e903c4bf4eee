/** One expert, two experts mixed, and the mathematics between them, measured in turns. */

import { join } from 'node:path';
import { createEngine } from '../src/engine/engine.ts';
import { readTokenizer } from '../src/runtime/tokenizer.ts';
import { complete, expertAt, msPerToken } from './complete.ts';
import { median } from './median.ts';

export interface MixingOptions {
  readonly first: string;
  readonly second: string;
  /** The folder of the bundled programs. */
  readonly programs: string;
  readonly rounds: number;
  readonly tokens: number;
}

export interface MixingResult {
  readonly vocabulary: number;
  readonly rows: readonly {
    readonly variant: string;
    readonly 'tokens/s': number;
    readonly 'ms a token': number;
  }[];
  /** A token of two mixed, in milliseconds. */
  readonly mixedMs: number;
  /** Time a token of two mixed over one alone. */
  readonly ratio: number;
}

const prompt =
  'export function mean(values: number[]): number {\n  const total = values.reduce((a, b) => a + b, 0);\n';

export async function measureMixing({
  first,
  second,
  programs,
  rounds,
  tokens,
}: MixingOptions): Promise<MixingResult> {
  const variants = [
    { variant: 'first alone', engine: createEngine({ programs }), experts: [expertAt('first', first)] },
    { variant: 'second alone', engine: createEngine({ programs }), experts: [expertAt('second', second)] },
    {
      variant: 'two mixed',
      engine: createEngine({ programs }),
      experts: [expertAt('first', first), expertAt('second', second)],
    },
  ];
  for (const { engine, experts } of variants) {
    engine.configure({ experts, pool: { kind: 'linear' }, weighting: 'fixed' });
    await complete(engine, { prompt, maxTokens: 4 });
  }
  const times = variants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { engine }] of variants.entries()) {
      times[i]?.push(msPerToken(await complete(engine, { prompt, maxTokens: tokens })));
    }
  }
  for (const { engine } of variants) await engine.dispose();

  const { size } = await readTokenizer(join(first, 'tokenizer.json'), join(first, 'tokenizer_config.json'));
  const medians = times.map(median);
  const mixed = medians[2] ?? Number.NaN;
  return {
    vocabulary: size,
    rows: variants.map(({ variant }, i) => ({
      variant,
      'tokens/s': rounded(1000 / (medians[i] ?? Number.NaN), 1),
      'ms a token': rounded(medians[i] ?? Number.NaN, 2),
    })),
    mixedMs: mixed,
    ratio: mixed / (((medians[0] ?? 0) + (medians[1] ?? 0)) / 2),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
