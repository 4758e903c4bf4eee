/** The options of `npm run eval`. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type SuiteName, suiteNames } from './suites.ts';

export const help = `Usage: npm run eval -- [tiny] [options]

Measures the pocket experts, each alone and mixed in every way, and further models where they are named. With "tiny" it measures
SmolLM2-135M-Instruct with its adapters for code and maths instead (about 100 MB are fetched where they are not there), and what one, two
and three rows cost in time and memory.

  --suite NAME     one of ${suiteNames.join(', ')}; may be repeated (default: all)
  --cases N        cases per suite (default: problems 150, gsm8k 30, infilling 100, mixed 80; other models, which take longer: 24, mixed 12;
                   tiny: gsm8k the first 200, problems 200, infilling 200, humaneval all 164, which takes hours)
  --cases SUITE=N  cases of one suite; may be repeated
  --model FOLDER   a further model, or an adapter of one; may be repeated, and those with the same vocabulary are mixed too
                   (default: SmolLM2-135M-Instruct where it lies beside the project)
  --only-pocket    no further model
  --data FOLDER    the evaluation data (default: ../shared/data where it is there, else the small samples that come along)
  --bits           asks for no answers, and measures only how many bits per byte the true ones take, which is many times faster
  --seed N         chooses the cases and the resamplings (default: 1)
  --only TEXT      the experts alone, and only mixtures whose name holds TEXT ("adaptive", "code + math"); may be repeated
  --all            every mode for every pair, not only for code and math
  --out FOLDER     where results.md, results.json and the results so far go (default: .cache/eval)
  --no-cost        leaves out what rows cost; --no-suites measures nothing else (with "tiny")
  --fresh          measures again what is there from an earlier run
`;

export interface EvalOptions {
  /** Measures Tiny and nothing else. */
  readonly tiny: boolean;
  /** Those of each family where undefined. */
  readonly suites: readonly SuiteName[] | undefined;
  /** Cases of a suite, where it is said. */
  readonly cases: (suite: SuiteName) => number | undefined;
  readonly folders: readonly string[];
  readonly data: string;
  readonly seed: number;
  /** Parts of the names of the mixtures that are wanted; empty for all. */
  readonly only: readonly string[];
  readonly all: boolean;
  readonly out: string;
  readonly fresh: boolean;
  /** Scores the true answers and asks for none. */
  readonly bits: boolean;
  /** With tiny: whether time and memory are measured too. */
  readonly cost: boolean;
}

/** Throws an `Error` that says what is wrong with the arguments. @param root the project's folder */
export function parseOptions(args: readonly string[], root: string): EvalOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      suite: { type: 'string', multiple: true },
      cases: { type: 'string', multiple: true, default: [] },
      model: { type: 'string', multiple: true },
      'only-pocket': { type: 'boolean', default: false },
      data: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, default: [] },
      all: { type: 'boolean', default: false },
      out: { type: 'string', default: join(root, '.cache', 'eval') },
      fresh: { type: 'boolean', default: false },
      bits: { type: 'boolean', default: false },
      'no-cost': { type: 'boolean', default: false },
      'no-suites': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const tiny = positionals[0] === 'tiny';
  const unknown = positionals[tiny ? 1 : 0];
  if (unknown !== undefined)
    throw new Error(`There is no '${unknown}' to measure; "tiny" is all that can be named so.`);
  if (tiny && (values.model !== undefined || values['only-pocket']))
    throw new Error('With "tiny" nothing else is measured: leave out --model and --only-pocket.');
  for (const folder of values.model ?? []) {
    if (values['only-pocket'])
      throw new Error('--only-pocket leaves out what --model names; give one of them.');
    if (!existsSync(folder)) throw new Error(`There is no folder '${folder}' (--model).`);
  }
  const beside = firstThere(join(root, '..', 'shared', 'models', 'smollm2-135m-instruct'));
  const data = values.data ?? firstThere(join(root, '..', 'shared', 'data'))[0];
  return {
    tiny,
    suites: values['no-suites'] ? [] : values.suite?.map(suiteName),
    cases: casesOf(values.cases),
    folders: values['only-pocket'] || tiny ? [] : (values.model ?? beside),
    data: data === undefined ? join(root, 'bench', 'quality', 'data') : resolve(data),
    seed: whole('seed', values.seed, 0),
    only: values.only,
    all: values.all,
    out: resolve(values.out),
    fresh: values.fresh,
    bits: values.bits,
    cost: !values['no-cost'],
  };
}

function casesOf(given: readonly string[]): EvalOptions['cases'] {
  const counts = new Map<SuiteName | 'all', number>();
  for (const text of given) {
    const at = text.indexOf('=');
    if (at === -1) counts.set('all', whole('cases', text, 1));
    else counts.set(suiteName(text.slice(0, at)), whole('cases', text.slice(at + 1), 1));
  }
  return (suite) => counts.get(suite) ?? counts.get('all');
}

function firstThere(folder: string): string[] {
  return existsSync(folder) ? [folder] : [];
}

function suiteName(name: string): SuiteName {
  const found = suiteNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw new Error(`There is no suite '${name}'; there are ${suiteNames.join(', ')}.`);
}

function whole(name: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`--${name} must be a whole number of at least ${least}, not '${text}'.`);
}
