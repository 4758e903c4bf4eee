/** `npm run eval`: how good the mixtures are beside each of their experts alone. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { userCacheFolder } from '../../src/models/cache-folder.ts';
import { hasTinyBase, TINY_BASE, tinyExperts } from '../../src/models/tiny.ts';
import { busyNow } from '../peers/busy.ts';
import { costTable, measureCost } from './cost.ts';
import { type EvaluationData, readData } from './data.ts';
import { familiesOf, pocketFamily, stampOf, tinyFamily } from './families.ts';
import { type CaseResults, measureAll } from './measure.ts';
import { help, parseOptions } from './options.ts';
import { findPython, type Python } from './python.ts';
import { fingerprint, openResults } from './results-store.ts';
import { type Suite, suiteNames, suiteOf } from './suites.ts';
import { overviewTable, type SuiteFigures, suiteTable } from './table.ts';
import { isAlone, type Variant, variantsOf } from './variants.ts';
import { figures } from './verdicts.ts';

const part = v.object({ sum: v.number(), weight: v.number() });
const caseResults = v.record(v.string(), v.record(v.string(), part));

export interface Places {
  readonly root: string;
  /** The bundled programs, dist/. */
  readonly programs: string;
  /** Files that decide the figures of a case: when one changes, earlier results do not count. */
  readonly code: readonly string[];
  /** The bundled cost-child.ts. */
  readonly costChild: string;
}

/** Gives the exit code. */
export async function evaluate(
  args: readonly string[],
  { root, programs, code, costChild }: Places,
): Promise<number> {
  const options = parseOptions(args, root);
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const { folders, seed, out } = options;
  const data = await readData(options.data);
  const cache = userCacheFolder(process.env);
  if (options.tiny) fetchTiny(programs, cache);
  const families = options.tiny
    ? [tinyFamily(join(root, 'models'), cache)]
    : [pocketFamily(join(root, 'models')), ...(await familiesOf(folders))];
  const codeStamp = fingerprint(...code.map((file) => readFileSync(file, 'utf8')));
  mkdirSync(out, { recursive: true });
  const store = openResults(join(out, 'cases.jsonl'), { schema: caseResults, fresh: options.fresh });

  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
  const command = ['npm run eval', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const report = [`\`${command}\`, seed ${seed}, ${date}, ${machine}.`, ''];
  const results: { family: string; suites: SuiteFigures[] }[] = [];
  for (const family of families) {
    const stamp = fingerprint(codeStamp, ...(await Promise.all(family.models.map(stampOf))));
    const suites: SuiteFigures[] = [];
    report.push(`## ${family.name}`, '');
    const own = suiteNames.filter((name) => family.cases[name] !== undefined);
    for (const name of options.suites ?? own) {
      const python = name === 'humaneval' && !options.bits ? await findPython() : undefined;
      const missing =
        name === 'humaneval' ? whyNoTasks(data, options.bits || python !== undefined) : undefined;
      if (missing !== undefined) {
        report.push(missing, '');
        continue;
      }
      if (python !== undefined) report.push(sandboxOf(python), '');
      const count = options.cases(name) ?? family.cases[name] ?? USUAL_CASES;
      const suite = suiteOf(name, { data, seed, count, python, first: options.tiny ? 200 : undefined });
      const { all, only } = options;
      const variants = variantsOf(family, { suite: name, all }).filter(
        (variant) =>
          isAlone(variant) || only.length === 0 || only.some((text) => variant.name.includes(text)),
      );
      if (only.length > 0 && variants.every(isAlone) && family.models.length > 1) {
        const names = variantsOf(family, { suite: name, all }).map((variant) => variant.name);
        throw new Error(
          `No mixture's name holds ${only.join(' or ')} (--only). They are: ${names.join('; ')}.`,
        );
      }
      const measured = await measureAll({
        family,
        suite,
        variants,
        answers: !options.bits,
        programs,
        store,
        stamp,
        progress,
      });
      const judged = judge(suite, variants, { measured, seed });
      suites.push(judged);
    }
    report.push(overviewTable(suites), ...suites.map(suiteTable));
    results.push({ family: family.name, suites });
  }
  if (options.tiny && options.cost) {
    const experts = tinyExperts({ models: join(root, 'models'), cache });
    const workerFile = join(programs, 'worker.js');
    const [before, costs] = [
      await busyNow(),
      await measureCost(experts, { child: costChild, workerFile, cacheFolder: cache }),
    ];
    const percent = `${Math.round(100 * before)} %`;
    report.push(costTable(costs), `Before it, other work kept ${percent} of the cores busy.`, '');
  }
  const text = `${report.join('\n').trimEnd()}\n`;
  writeFileSync(join(out, 'results.md'), text);
  writeFileSync(
    join(out, 'results.json'),
    `${JSON.stringify({ command, seed, date, machine, results }, null, 2)}\n`,
  );
  process.stdout.write(text);
  return 0;
}

/** Cases of a suite that a family is not usually measured on. */
const USUAL_CASES = 24;

/** Fetches the base of Tiny where it is not there, as `chorus models fetch` does. */
function fetchTiny(programs: string, cache: string): void {
  if (hasTinyBase(cache)) return;
  spawnSync(process.execPath, [join(programs, 'cli.js'), 'models', 'fetch', TINY_BASE], { stdio: 'inherit' });
  if (!hasTinyBase(cache))
    throw new Error(`Tiny cannot be measured without its base, ${TINY_BASE}, in ${cache}.`);
}

/** Why HumanEval is left out; undefined where it can be measured. */
function whyNoTasks({ humaneval }: EvaluationData, canRun: boolean): string | undefined {
  if (humaneval.length === 0) {
    return 'HumanEval was left out: the folder of the data (--data) has no HumanEval.jsonl.gz (openai/human-eval, MIT).';
  }
  return canRun ? undefined : 'HumanEval was left out: there is no python3 of 3.8 or newer here.';
}

function sandboxOf({ version, unshared }: Python): string {
  const network = unshared ? 'a network namespace without a network' : 'no network by an audit hook alone';
  return `HumanEval's solutions ran under ${version}, each in a process of its own with 5 s, 1 GiB and ${network}.`;
}

function judge(
  suite: Suite,
  variants: readonly Variant[],
  { measured, seed }: { readonly measured: readonly CaseResults[]; readonly seed: number },
): SuiteFigures {
  const [first] = measured;
  const [one] = Object.values(first ?? {});
  const metrics = suite.metrics
    .filter(({ key }) => one !== undefined && key in one)
    .map((metric) => ({
      metric,
      figures: figures(
        metric,
        variants.map((variant) => ({
          name: variant.name,
          alone: isAlone(variant),
          parts: measured.map((results) => {
            const part = results[variant.name]?.[metric.key];
            if (part === undefined) throw new Error(`${variant.name} lacks '${metric.key}' in ${suite.name}`);
            return part;
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
