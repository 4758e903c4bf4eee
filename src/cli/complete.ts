/** `chorus complete`: what the experts would write at a place in a file, as the editor would show it. */

import { basename, join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createEngine, type EngineParts } from '../engine/engine.ts';
import { userCacheFolder } from '../models/cache-folder.ts';
import { hasTinyBase } from '../models/tiny.ts';
import { ChorusError, toFailure } from '../protocol/failure.ts';
import { type GhostPlace, planGhost, shapeGhost } from '../text/ghost.ts';
import { completionWindow, windowAround } from '../text/window.ts';
import { conversionNotes } from './conversion-notes.ts';
import { exitCodeOf, exitCodes, Misuse, parsed } from './misuse.ts';
import { pocketMix, tinyMix } from './mixes.ts';
import { mixOptions, ownMix } from './own-mix.ts';
import { readText } from './read-file.ts';
import type { Terminal } from './terminal.ts';

const options = {
  line: { type: 'string' },
  column: { type: 'string' },
  'max-tokens': { type: 'string' },
  json: { type: 'boolean' },
  ...mixOptions,
} as const;

const CURSOR = '<cursor>';

/** Resolves to the exit code. */
export async function completeAt(
  args: readonly string[],
  { input, output, notes, environment, interruption }: Terminal,
  { programs, open }: EngineParts,
): Promise<number> {
  const signal = interruption();
  const models = join(programs, '..', 'models');
  const cache = userCacheFolder(environment);
  const engine = createEngine({
    programs,
    open,
    cacheFolder: cache,
    environment,
    onStatus: conversionNotes(notes),
  });
  try {
    const { values, file } = parse(args);
    const maxTokens = whole('max-tokens', values['max-tokens'] ?? '64');
    const mix =
      ownMix(values, models) ?? (hasTinyBase(cache) ? tinyMix({ models, cache }) : pocketMix(models));
    const place =
      file === undefined ? marked(await textOf(input), values) : atCursor(await readText(file), values);
    const plan = planGhost(place, 'auto', true);
    if (plan.kind === 'skip') throw new Error(`a place that was asked for was skipped: ${plan.rule}`);
    const { before, after } = place;
    engine.configure(mix);
    const outcome = await engine.generate(
      {
        surface: 'completion',
        prompt: {
          kind: 'infill',
          ...windowAround(before + after, before.length, completionWindow),
          ...(file !== undefined && { file: basename(file) }),
        },
        maxTokens,
        sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
        stop: plan.stop,
        accelerate: 'lookup',
        trace: false,
      },
      { signal },
    );
    if (outcome.kind === 'failed') throw new ChorusError(outcome.failure.code, outcome.failure.message);
    const { text, stop, shares, weights, unit } = outcome.result;
    if (stop === 'cancelled') return exitCodes.cancelled;
    const ghost = shapeGhost(text, { ...place, multiline: plan.multiline, truncated: stop === 'length' });
    const shown = ghost.kind === 'text' ? ghost : { text: '', replaceRight: 0 };
    if (values.json === true) {
      const line = { text: shown.text, replaceRight: shown.replaceRight, stop, shares, weights, unit };
      output.write(`${JSON.stringify(line)}\n`);
    } else if (ghost.kind === 'text') output.write(`${ghost.text}\n`);
    if (ghost.kind === 'nothing') notes.write(`There is nothing to suggest here: ${reasons[ghost.rule]}.\n`);
    return exitCodes.done;
  } catch (thrown) {
    notes.write(`${toFailure(thrown).message}\n`);
    return exitCodeOf(thrown, signal);
  } finally {
    await engine.dispose();
  }
}

const reasons = {
  empty: 'the experts would write nothing',
  'repeats-suffix': 'what they would write stands right of the cursor already',
  'repeats-previous': 'they would write the lines before it again',
  'repeats-itself': 'they would write the same over and over',
} as const;

function parse(args: readonly string[]) {
  const misused = (why: string): Misuse => new Misuse(`chorus complete: ${why}`);
  const { values, positionals } = parsed(
    () => parseArgs({ args: [...args], options, strict: true, allowPositionals: true }),
    misused,
  );
  const [file, more] = positionals;
  if (more !== undefined) throw misused(`one file at a time, and not also '${more}'`);
  return { values, file: file === '-' ? undefined : file };
}

type Values = ReturnType<typeof parse>['values'];

function whole(name: string, given: string): number {
  const number = Number(given);
  if (/^\d{1,9}$/.test(given) && number >= 1) return number;
  throw new Misuse(`--${name} is a whole number of at least 1, not '${given}'.`);
}

/** As an editor has it. */
function plain(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
}

function marked(given: string, { line, column }: Values): GhostPlace {
  if (line !== undefined || column !== undefined)
    throw new Misuse(
      `--line and --column are of a file. From standard input the cursor is where ${CURSOR} stands.`,
    );
  const [before = '', ...rest] = plain(given).split(CURSOR);
  if (rest.length > 1)
    throw new Misuse(`${CURSOR} stands in the text ${rest.length} times. Leave one of them.`);
  return { before, after: rest[0] ?? '' };
}

function atCursor(given: string, { line, column }: Values): GhostPlace {
  const text = plain(given);
  if (line === undefined) {
    if (column === undefined) return { before: text, after: '' };
    throw new Misuse('--column needs --line.');
  }
  const lines = text.split('\n');
  const row = whole('line', line);
  const here = lines[row - 1];
  if (here === undefined) throw new Misuse(`There are ${lines.length} lines, and --line is ${row}.`);
  const at = column === undefined ? here.length + 1 : whole('column', column);
  if (at > here.length + 1)
    throw new Misuse(`Line ${row} has ${here.length} characters, and --column is ${at}.`);
  const start = lines.slice(0, row - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const cursor = start + at - 1;
  return { before: text.slice(0, cursor), after: text.slice(cursor) };
}
