/** `npm run eval`: how good the mixtures are beside each of their experts alone. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { readData } from './data.ts';
import { familiesOf, pocketFamily, stampOf } from './families.ts';
import { type CaseResults, measureAll } from './measure.ts';
import { help, parseOptions } from './options.ts';
import { fingerprint, openResults } from './results-store.ts';
import { type Suite, suiteOf } from './suites.ts';
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
}

/** Gives the exit code. */
export async function evaluate(args: readonly string[], { root, programs, code }: Places): Promise<number> {
  const options = parseOptions(args, root);
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const { folders, seed, out } = options;
  const data = await readData(options.data);
  const families = [pocketFamily(join(root, 'models')), ...(await familiesOf(folders))];
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
    for (const name of options.suites) {
      const suite = suiteOf(name, { data, seed, count: options.cases ?? family.cases[name] });
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
      const measured = await measureAll({ family, suite, variants, programs, store, stamp, progress });
      const judged = judge(suite, variants, { measured, seed });
      suites.push(judged);
    }
    report.push(overviewTable(suites), ...suites.map(suiteTable));
    results.push({ family: family.name, suites });
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

function judge(
  suite: Suite,
  variants: readonly Variant[],
  { measured, seed }: { readonly measured: readonly CaseResults[]; readonly seed: number },
): SuiteFigures {
  const metrics = suite.metrics.map((metric) => ({
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
