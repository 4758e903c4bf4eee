/** `npm run eval -- merges`: mixtures of distributions beside merges of the weights, and each expert alone, on the same experts. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import * as v from 'valibot';
import { userCacheFolder } from '../../src/models/cache-folder.ts';
import { TINY_BASE, tinyExperts } from '../../src/models/tiny.ts';
import { benchmarkSuites } from './benchmarks.ts';
import { readData } from './data.ts';
import { stampOf } from './families.ts';
import { floatBase } from './float-base.ts';
import type { Places } from './main.ts';
import type { SymbolicEqual } from './math-equal.ts';
import { type CaseResults, measureAll } from './measure.ts';
import { mergePlot } from './merge-plot.ts';
import { type NamedRecipe, type Pair, recipesOf } from './merge-recipes.ts';
import { mergedFolder } from './merged-models.ts';
import { help, type MergesOptions, parseMergesOptions } from './merges-options.ts';
import { fingerprint, openResults } from './results-store.ts';
import { type MeasuredSuite, sameWeightsTable } from './same-weights.ts';
import { type Suite, suiteOf } from './suites.ts';
import { symbolicThread } from './symbolic-thread.ts';
import { type SuiteFigures, suiteTable } from './table.ts';
import type { Family, Model, Variant } from './variants.ts';
import { figures } from './verdicts.ts';

const part = v.object({ sum: v.number(), weight: v.number() });
const caseResults = v.record(v.string(), v.record(v.string(), part));

export interface MergesPlaces extends Places {
  /** symbolic-worker.ts, bundled. */
  readonly symbolic: string;
}

/** Gives the exit code. */
export async function evaluateMerges(args: readonly string[], places: MergesPlaces): Promise<number> {
  const parsed = parseMergesOptions(args, places.root);
  if (parsed === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const options = parsed.tiny ? await withTiny(parsed, places.root) : parsed;
  const thread = symbolicThread(places.symbolic);
  try {
    return await compare(options, { args, places, symbolic: thread.equal });
  } finally {
    const lost = thread.givenUp();
    if (lost > 0) progress(`${lost} comparisons of expressions took too long and count as different.`);
    await thread.dispose();
  }
}

/** The adapters that come along, over the model that was fetched for them. */
async function withTiny(options: MergesOptions, root: string): Promise<MergesOptions> {
  const cache = userCacheFolder(process.env);
  const [stored, ...adapters] = tinyExperts({ models: join(root, 'models'), cache }).map(
    ({ folder }) => folder,
  );
  const gguf =
    stored !== undefined && existsSync(stored) && readdirSync(stored).find((name) => name.endsWith('.gguf'));
  if (!gguf) throw new Error(`SmolLM2 is not there: run "npx chorus models fetch ${TINY_BASE}" first.`);
  const base = join(options.out, 'models', TINY_BASE);
  await floatBase(join(stored, gguf), base);
  return { ...options, models: adapters, base };
}

interface Running {
  readonly args: readonly string[];
  readonly places: Places;
  readonly symbolic: SymbolicEqual;
}

async function compare(options: MergesOptions, { args, places, symbolic }: Running): Promise<number> {
  const { out, seed } = options;
  mkdirSync(out, { recursive: true });
  const codeStamp = fingerprint(...places.code.map((file) => readFileSync(file, 'utf8')));
  const experts = expertsOf(options, places.root);
  const pairs = pairsOf(options, experts);
  const expertStamp = fingerprint(codeStamp, ...(await Promise.all(experts.map(stampOf))));
  const store = openResults(join(out, 'cases.jsonl'), { schema: caseResults, fresh: options.fresh });
  const suites = await suitesOf(options, symbolic);

  const command = ['npm run eval -- merges', ...args].join(' ');
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
  const report = [`\`${command}\`, seed ${seed}, float32, ${date}, ${machine}.`, ''];
  const results: { pair: string; suites: SuiteFigures[] }[] = [];
  for (const pair of pairs) {
    const { models, variants } = await variantsOf(pair, { experts, options, stamp: expertStamp });
    const name = pairName(pair);
    const family: Family = { name, models, main: undefined, cases: noCases, precision: 'fp32' };
    report.push(`## ${name}`, '');
    const judged: SuiteFigures[] = [];
    const done: MeasuredSuite[] = [];
    for (const suite of suites) {
      const { programs } = places;
      const measured = await measureAll({
        family,
        suite,
        variants,
        programs,
        store,
        stamp: expertStamp,
        progress,
      });
      judged.push(judge(suite, variants, { measured, experts, seed }));
      done.push({ suite, measured });
    }
    const merges = recipesOf(pair).map((named) => named.name);
    report.push(sameWeightsTable(SAME_WEIGHTS, merges, { suites: done, seed }), ...judged.map(suiteTable));
    results.push({ pair: name, suites: judged });
  }
  const text = `${report.join('\n').trimEnd()}\n`;
  writeFileSync(join(out, 'results.md'), text);
  writeFileSync(
    join(out, 'results.json'),
    `${JSON.stringify({ command, seed, date, machine, results }, null, 2)}\n`,
  );
  for (const [i, { pair, suites: judged }] of results.entries()) {
    writeFileSync(join(out, `merges-${i + 1}.svg`), mergePlot(pair, judged));
  }
  process.stdout.write(text);
  return 0;
}

/** The mixture with the weights of the merges. */
const SAME_WEIGHTS = 'MoD, .9/.1';

const noCases = { problems: 0, gsm8k: 0, infilling: 0, mixed: 0 };

function expertsOf({ models, base }: MergesOptions, root: string): Model[] {
  if (models.length === 0) {
    return ['general', 'code', 'math'].map((id) => ({ id, folder: join(root, 'models', 'pocket', id) }));
  }
  const folders = [
    ...new Set([...(base === undefined ? [] : [base]), ...models].map((folder) => resolve(folder))),
  ];
  const ids = folders.map((folder) => basename(folder));
  return folders.map((folder, i) => {
    const id = ids[i] as string;
    const isAdapter = existsSync(join(folder, 'adapter_config.json'));
    return {
      id: ids.indexOf(id) === ids.lastIndexOf(id) ? id : folder,
      folder,
      ...(isAdapter && base !== undefined && { base: resolve(base) }),
    };
  });
}

/** The pocket experts in both ways: two fine-tuned from one base, and, as in the paper, a general one with one fine-tuned from it. */
function pairsOf({ models, base }: MergesOptions, experts: readonly Model[]): Pair[] {
  if (models.length === 0) {
    return [
      { first: 'code', second: 'math', base: 'general' },
      { first: 'general', second: 'math', base: undefined },
    ];
  }
  const idOf = (folder: string): string =>
    experts.find((expert) => expert.folder === resolve(folder))?.id ?? folder;
  const [first = '', second = ''] = models.map(idOf);
  return [{ first, second, base: base === undefined ? undefined : idOf(base) }];
}

function pairName({ first, second, base }: Pair): string {
  return `${first} and ${second}, ${base === undefined ? `${first} taken as the base` : `both from ${base}`}`;
}

async function suitesOf(
  { suites, cases, data, benchmarks, seed }: MergesOptions,
  symbolic: SymbolicEqual,
): Promise<Suite[]> {
  if (benchmarks !== undefined) return benchmarkSuites(benchmarks, { count: cases, seed, symbolic });
  const read = await readData(data);
  const usual = { problems: 60, gsm8k: 20, infilling: 60, mixed: 30 };
  return suites.map((name) => suiteOf(name, { data: read, seed, count: cases ?? usual[name] }));
}

interface Making {
  readonly experts: readonly Model[];
  readonly options: MergesOptions;
  readonly stamp: string;
}

async function variantsOf(
  pair: Pair,
  { experts, options, stamp }: Making,
): Promise<{ models: Model[]; variants: Variant[] }> {
  const { first, second } = pair;
  const members = experts.filter(({ id }) => [first, second, pair.base].includes(id));
  const folders = new Map(members.map(({ id, folder }) => [id, folder]));
  const bases = new Map(
    members.flatMap(({ id, base }) => (base === undefined ? [] : [[id, basename(base)] as const])),
  );
  const mod = (
    name: string,
    weights: readonly [number, number],
    weighting: Variant['weighting'],
  ): Variant => ({
    name: `MoD, ${name}`,
    weights: { [first]: weights[0], [second]: weights[1] },
    pool: { kind: 'linear' },
    weighting,
    everyLine: false,
  });
  const one = (name: string, id: string): Variant => ({
    ...mod('', [1, 1], 'fixed'),
    name,
    weights: { [id]: 1 },
  });
  const models: Model[] = [...members];
  const merges: Variant[] = [];
  for (const named of recipesOf(pair)) {
    const folder = await mergedFolder(named, {
      folders,
      bases,
      home: join(options.out, 'models'),
      stamp,
      seed: options.seed,
      progress,
    });
    const id = mergeId(named);
    models.push({ id, folder });
    merges.push(one(named.name, id));
  }
  return {
    models,
    variants: [
      ...members.map(({ id }) => one(`${id} alone`, id)),
      { ...mod('', [0.9, 0.1], 'fixed'), name: SAME_WEIGHTS },
      mod('.5/.5', [0.5, 0.5], 'fixed'),
      mod('`adaptive`', [1, 1], 'adaptive'),
      ...merges,
    ],
  };
}

const mergeId = ({ name }: NamedRecipe): string => `merge: ${name}`;

function judge(
  suite: Suite,
  variants: readonly Variant[],
  { measured, experts, seed }: { measured: readonly CaseResults[]; experts: readonly Model[]; seed: number },
): SuiteFigures {
  const alone = new Set(experts.map(({ id }) => `${id} alone`));
  const metrics = suite.metrics.map((metric) => ({
    metric,
    figures: figures(
      metric,
      variants.map(({ name }) => ({
        name,
        alone: alone.has(name),
        parts: measured.map((results) => {
          const found = results[name]?.[metric.key];
          if (found === undefined) throw new Error(`${name} lacks '${metric.key}' in ${suite.name}`);
          return found;
        }),
      })),
      seed,
    ),
  }));
  return { title: suite.title, cases: suite.cases.length, metrics };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}\u001b[K`);
  else process.stderr.write(`${text}\n`);
}
