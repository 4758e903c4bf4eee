/** What checking guesses from the prompt saves on text that repeats, against plain mixing in the same run. */

import { createEngine } from '../src/engine/engine.ts';
import type { GenerateRequest } from '../src/protocol/engine.ts';
import { complete, expertAt, msPerToken } from './complete.ts';
import { median } from './median.ts';

export interface DecodingOptions {
  readonly first: string;
  readonly second: string;
  readonly programs: string;
  readonly rounds: number;
  readonly tokens: number;
}

export interface DecodingResult {
  readonly rows: readonly {
    readonly variant: string;
    readonly 'tokens/s': number;
    readonly 'ms a token': number;
  }[];
  /** Time a token of plain mixing over that with guesses. */
  readonly speedup: number;
  /** How many tokens both gave alike from the start, of how many. */
  readonly same: readonly [number, number];
}

/** As in a refactoring: a block of code stands there once and is begun again. */
const block = `  createUser: protectedProcedure.input(userSchema).mutation(({ input, ctx }) => ctx.users.create(input)),
  deleteUser: protectedProcedure.input(idSchema).mutation(({ input, ctx }) => ctx.users.delete(input.id)),
  renameUser: protectedProcedure.input(nameSchema).mutation(({ input, ctx }) => ctx.users.rename(input)),
`;
const prompt = `export const oldRouter = router({\n${block}});\n\nexport const newRouter = router({\n${block.slice(0, 40)}`;

export async function measureDecoding(options: DecodingOptions): Promise<DecodingResult> {
  const { first, second, programs, rounds, tokens } = options;
  const engine = createEngine({ programs });
  engine.configure({
    experts: [expertAt('first', first), expertAt('second', second)],
    pool: { kind: 'linear' },
    weighting: 'fixed',
  });
  const run = (accelerate: GenerateRequest['accelerate']) =>
    complete(engine, { prompt, maxTokens: tokens, accelerate });
  const times: Record<GenerateRequest['accelerate'], number[]> = { none: [], auto: [] };
  let same: readonly [number, number] = [Number.POSITIVE_INFINITY, 0];
  await run('none');
  await run('auto');
  for (let round = 0; round < rounds; round++) {
    const ids: (readonly number[])[] = [];
    for (const accelerate of ['none', 'auto'] as const) {
      const result = await run(accelerate);
      times[accelerate].push(msPerToken(result));
      ids.push(result.ids);
    }
    const [plain = [], quick = []] = ids;
    const differs = plain.findIndex((id, i) => id !== quick[i]);
    const alike = differs === -1 ? plain.length : differs;
    if (alike < same[0]) same = [alike, plain.length];
  }
  await engine.dispose();
  const [plain, quick] = [median(times.none), median(times.auto)];
  const row = (variant: string, ms: number) => ({
    variant,
    'tokens/s': Number((1000 / ms).toFixed(1)),
    'ms a token': Number(ms.toFixed(2)),
  });
  return { rows: [row('plain mixing', plain), row('with guesses', quick)], speedup: plain / quick, same };
}
