/** `chorus merge`: models into a new one by a mergekit recipe, or one expert back out of an EMR merge; one JSON line out. */

import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { mergeModels } from '../merge/merge.ts';
import { rebuildExpert } from '../merge/rebuild.ts';
import { parseRecipe } from '../merge/recipe-yaml.ts';
import { ChorusError, toFailure } from '../protocol/failure.ts';
import type { MergeProgress } from '../protocol/merge.ts';
import { exitCodeOf, Misuse, parsed } from './misuse.ts';
import { readable, readText } from './read-file.ts';
import { modelFolder } from './request.ts';
import { statusLine } from './status-line.ts';

export interface MergeRun {
  /** The folder of the embedded models. */
  readonly models: string;
  readonly output: NodeJS.WritableStream;
  /** For the progress and the notes. */
  readonly notes: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly signal: AbortSignal;
}

const options = {
  force: { type: 'boolean' },
  'random-seed': { type: 'string' },
  rebuild: { type: 'string' },
} as const;

const LARGEST_RECIPE = 1024 * 1024;

/** The exit code; what goes wrong is a line with `error`. */
export async function mergeByRecipe(
  args: readonly string[],
  { models, output, notes, signal }: MergeRun,
): Promise<number> {
  const line = statusLine(notes);
  try {
    const { from, out, force, seed, expert } = parse(args);
    const onProgress = ({ done, tensor }: MergeProgress): void => line.show(tensor, done);
    const common = { out, force, signal, onProgress };
    const report =
      expert === undefined
        ? await mergeModels({
            ...common,
            recipe: parseRecipe(await readRecipe(from), from),
            folderOf: (model) => modelFolder(model, models),
            seed,
          })
        : await rebuildExpert({ ...common, folder: modelFolder(from, models), expert });
    line.end();
    for (const note of report.notes) line.say(`Note: ${note}`);
    output.write(`${JSON.stringify(report)}\n`);
    return 0;
  } catch (thrown) {
    const { code, message, file } = toFailure(thrown);
    line.end();
    output.write(`${JSON.stringify({ error: { code, message, ...(file !== undefined && { file }) } })}\n`);
    return exitCodeOf(thrown, signal);
  }
}

interface Asked {
  /** The recipe, or the folder of an EMR merge. */
  readonly from: string;
  readonly out: string;
  readonly force: boolean;
  readonly seed: number;
  readonly expert: string | undefined;
}

function parse(args: readonly string[]): Asked {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options, strict: true, allowPositionals: true }),
  );
  const [from, out, more] = positionals;
  if (from === undefined || out === undefined || more !== undefined) {
    throw new Misuse('Name the recipe and the folder to make: chorus merge config.yml FOLDER.');
  }
  const seed = values['random-seed'] ?? '0';
  if (!/^\d{1,15}$/.test(seed))
    throw new Misuse(`--random-seed is a whole number of at least 0, not '${seed}'.`);
  return { from, out, force: values.force ?? false, seed: Number(seed), expert: values.rebuild };
}

async function readRecipe(file: string): Promise<string> {
  const { size } = await readable(file, stat(file));
  if (size > LARGEST_RECIPE)
    throw new ChorusError(
      'request-invalid',
      `${file} has ${size} bytes, and a recipe has at most ${LARGEST_RECIPE}.`,
    );
  return readText(file);
}
