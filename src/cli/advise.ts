/** `chorus advise`: which experts to mix for given files; one JSON line out, a table for people on request. */

import { parseArgs } from 'node:util';
import type { Engine } from '../engine/engine.ts';
import type { Advice, AdviceRow } from '../protocol/advice.ts';
import type { ExpertSetting } from '../protocol/engine.ts';
import { type Failure, toFailure } from '../protocol/failure.ts';
import { adviceReport, adviceVerdict } from '../text/advice-report.ts';
import { exitCodeOf, exitCodes, Misuse, parsed } from './misuse.ts';
import { readText } from './read-file.ts';
import { modelPlace } from './request.ts';

export interface AdviseRun {
  readonly engine: Engine;
  /** The folder of the embedded models. */
  readonly models: string;
  readonly output: NodeJS.WritableStream;
  /** For the table and the progress. */
  readonly notes: NodeJS.WritableStream;
}

const options = {
  model: { type: 'string', multiple: true },
  file: { type: 'string', multiple: true },
  precision: { type: 'string' },
  'memory-limit': { type: 'string' },
  table: { type: 'boolean' },
} as const;

/** The exit code; what goes wrong is a line with `error`. */
export async function adviseFiles(
  args: readonly string[],
  { engine, models, output, notes }: AdviseRun,
): Promise<number> {
  try {
    const asked = parse(args);
    const experts = asked.models.map(
      (model): ExpertSetting => ({
        id: model,
        ...modelPlace(model, models),
        precision: asked.precision,
        active: false,
        weight: 1,
      }),
    );
    engine.configure({ experts, pool: { kind: 'linear' }, weighting: 'fixed' });
    const texts = await Promise.all(asked.files.map(async (name) => ({ name, text: await readText(name) })));
    let told = '';
    const outcome = await engine.advise(
      { texts, memoryLimit: asked.memoryLimit },
      {
        onProgress: ({ expert, stage }) => {
          const line = `${stage} ${expert}`.trim();
          if (asked.table && line !== told) notes.write(`${line}\n`);
          told = line;
        },
      },
    );
    if (outcome.kind === 'failed') {
      failed(outcome.failure, output);
      return exitCodes.failed;
    }
    if (asked.table) notes.write(`\n${adviceReport(outcome.advice)}`);
    output.write(`${JSON.stringify(lineOf(outcome.advice))}\n`);
    return 0;
  } catch (thrown) {
    failed(toFailure(thrown), output);
    return exitCodeOf(thrown);
  }
}

interface Asked {
  readonly models: readonly string[];
  readonly files: readonly string[];
  readonly precision: ExpertSetting['precision'];
  /** Bytes. */
  readonly memoryLimit: number;
  readonly table: boolean;
}

function parse(args: readonly string[]): Asked {
  const { values } = parsed(() =>
    parseArgs({ args: [...args], options, strict: true, allowPositionals: false }),
  );
  const { model = [], file = [], precision = 'auto', table = false } = values;
  if (model.length === 0)
    throw new Misuse('Name the experts to choose from: --model pocket/code --model FOLDER.');
  if (new Set(model).size < model.length) throw new Misuse('The same --model is named twice.');
  if (file.length === 0) throw new Misuse('Name the files to judge by: --file src/a.ts --file src/b.ts.');
  if (precision !== 'auto' && precision !== 'fp32' && precision !== 'q8' && precision !== 'q4')
    throw new Misuse(`--precision is auto, fp32, q8 or q4, not '${precision}'.`);
  const limit = values['memory-limit'];
  const megabytes = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  if (!(megabytes > 0)) throw new Misuse(`--memory-limit is a number of megabytes above 0, not '${limit}'.`);
  return { models: model, files: file, precision, memoryLimit: megabytes * 1e6, table };
}

/** Plain fields for scripts: the rows without the hash of the vocabulary, which gets a number. */
function lineOf(advice: Advice): object {
  const vocabularies = [...new Set(advice.rows.map(({ vocabulary }) => vocabulary))];
  const plain = ({ vocabulary, ...row }: AdviceRow): object => ({
    ...row,
    vocabulary: vocabularies.indexOf(vocabulary),
  });
  const { chosen, rows, unmeasured, sample, memoryLimit } = advice;
  return {
    chosen: chosen === undefined ? null : plain(chosen),
    verdict: adviceVerdict(advice),
    rows: rows.map(plain),
    unmeasured: unmeasured.map(({ id, failure }) => ({ id, ...failure })),
    sample,
    memoryLimit: Number.isFinite(memoryLimit) ? memoryLimit : null,
  };
}

function failed({ code, message, file }: Failure, output: NodeJS.WritableStream): void {
  output.write(`${JSON.stringify({ error: { code, message, ...(file !== undefined && { file }) } })}\n`);
}
