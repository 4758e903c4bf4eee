/** The options of `npm run eval -- merges`. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { safeSuites } from './suites.ts';

type SuiteName = (typeof safeSuites)[number];

export const help = `Usage: npm run eval -- merges [options]

Sets mixtures of distributions beside merges of the same experts' weights (Linear, Task Arithmetic, TIES, DARE, SLERP, EMR) and each
expert alone, everything in float32.

  --suite NAME         one of ${safeSuites.join(', ')}; may be repeated (default: all)
  --cases N            cases per suite (default: problems 60, gsm8k 20, infilling 60, mixed 30; of benchmarks all)
  --model FOLDER       twice: the two experts, the one with weight .9 first (default: the pocket experts, in two pairs)
  --tiny               in place of --model and --base: the two adapters of SmolLM2-135M-Instruct that come along, over that model as it was
                       fetched, in float32
  --base FOLDER        what both were fine-tuned from (default: the first is taken as the base, as in the paper's recipes)
  --benchmarks FOLDER  in place of the suites: the benchmarks of the Qwen2.5-Math harness that lie there (its evaluation/data), with its
                       prompt, greedy, up to 2048 tokens
  --data FOLDER        the evaluation data, as for npm run eval
  --seed N             chooses the cases, the resamplings and what DARE leaves out (default: 1)
  --out FOLDER         where the results, the plots and the merges go (default: .cache/eval/merges)
  --fresh              measures again what is there from an earlier run
`;

export interface MergesOptions {
  readonly suites: readonly SuiteName[];
  readonly cases: number | undefined;
  /** None or two. */
  readonly models: readonly string[];
  readonly base: string | undefined;
  readonly tiny: boolean;
  readonly benchmarks: string | undefined;
  readonly data: string;
  readonly seed: number;
  readonly out: string;
  readonly fresh: boolean;
}

/** Throws an `Error` that says what is wrong with the arguments. @param root the project's folder */
export function parseMergesOptions(args: readonly string[], root: string): MergesOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: 'string', multiple: true },
      cases: { type: 'string' },
      model: { type: 'string', multiple: true, default: [] },
      base: { type: 'string' },
      tiny: { type: 'boolean', default: false },
      benchmarks: { type: 'string' },
      data: { type: 'string' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: join(root, '.cache', 'eval', 'merges') },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { model: models, base, benchmarks } = values;
  if (models.length !== 0 && models.length !== 2) throw new Error('Give --model twice, or not at all.');
  if (values.tiny && (models.length > 0 || base !== undefined))
    throw new Error('--tiny says which models: leave out --model and --base.');
  if (base !== undefined && models.length === 0) throw new Error('--base goes with two --model.');
  for (const folder of [...models, base, benchmarks]) {
    if (folder !== undefined && !existsSync(folder)) throw new Error(`There is no folder '${folder}'.`);
  }
  const beside = join(root, '..', 'shared', 'data');
  const usual = existsSync(beside) ? beside : join(root, 'bench', 'quality', 'data');
  return {
    suites: values.suite === undefined ? safeSuites : values.suite.map(suiteName),
    cases: values.cases === undefined ? undefined : whole('cases', values.cases, 1),
    models,
    base,
    tiny: values.tiny,
    benchmarks,
    data: resolve(values.data ?? usual),
    seed: whole('seed', values.seed, 0),
    out: resolve(values.out),
    fresh: values.fresh,
  };
}

function suiteName(name: string): SuiteName {
  const found = safeSuites.find((known) => known === name);
  if (found !== undefined) return found;
  throw new Error(`There is no suite '${name}'; there are ${safeSuites.join(', ')}.`);
}

function whole(name: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`--${name} must be a whole number of at least ${least}, not '${text}'.`);
}
