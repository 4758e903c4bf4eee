/** `npm run replay`: the recorded edit sessions, typed with the completions of each mix, as a table beside the baseline. */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { settingRules } from '../../src/extension/setting-rules.ts';
import type { Precision } from '../../src/protocol/engine.ts';
import { type Figures, figuresOf, worse } from './figures.ts';
import { mixes, settingOf, usualMix } from './mixes.ts';
import { typedLines, withTimes } from './record.ts';
import { type EditSession, readSessions } from './session.ts';
import { table } from './table.ts';
import { type Replayed, type ReplayOptions, replay } from './typist.ts';

export interface ReplayCommand {
  /** The project's folder. */
  readonly root: string;
  readonly sessions: string;
  readonly precision: Precision;
  /** Other than the defaults. */
  readonly settings: ReplayOptions['settings'];
  /** The usual mix alone, without those beside it. */
  readonly only: boolean;
  readonly write: boolean;
}

/** Of the usual mix, in float32. */
export interface Baseline {
  /** By name, each session that the tests type. */
  readonly quick: Readonly<Record<string, Figures>>;
  readonly all: Figures;
}

export const baselineFile = (root: string): string => join(root, 'bench', 'replay', 'baseline.json');

export function readBaseline(root: string): Baseline {
  return JSON.parse(readFileSync(baselineFile(root), 'utf8')) as Baseline;
}

/** Prints what came of it; gives a sentence for each figure that is worse than the baseline's. */
export async function replayAll(command: ReplayCommand): Promise<readonly string[]> {
  const { root, precision } = command;
  const sessions = readSessions(readFileSync(command.sessions, 'utf8'));
  const engine = createEngine({ programs: join(root, 'dist') });
  const rows: (readonly [string, Figures])[] = [];
  let usual: readonly (readonly [EditSession, Replayed])[] = [];
  try {
    for (const mix of command.only ? [usualMix] : mixes) {
      engine.configure(settingOf(mix, join(root, 'models'), precision));
      const replays = await replayEach(engine, sessions, command.settings);
      rows.push([mix.name, figuresOf(replays.map(([, replayed]) => replayed))]);
      if (mix === usualMix) usual = replays;
    }
  } finally {
    await engine.dispose();
  }
  console.log(table('mix', rows));
  const each = usual.map(([{ name }, replayed]) => [name, figuresOf([replayed])] as const);
  console.log(`\n${usualMix.name}, session by session:\n\n${table('session', each)}`);
  const now: Baseline = {
    quick: Object.fromEntries(
      usual.flatMap(([{ quick, name }, replayed]) => (quick ? [[name, figuresOf([replayed])]] : [])),
    ),
    all: figuresOf(usual.map(([, replayed]) => replayed)),
  };
  if (command.write) {
    writeFileSync(baselineFile(root), `${JSON.stringify(now, null, 2)}\n`);
    console.log('\nThese figures are the baseline now.');
    return [];
  }
  return worse(now.all, readBaseline(root).all);
}

/** One after the other; of the one before the engine remembers nothing. */
export async function replayEach(
  engine: Engine,
  sessions: readonly EditSession[],
  settings: ReplayOptions['settings'] = {},
): Promise<readonly (readonly [EditSession, Replayed])[]> {
  const replays: (readonly [EditSession, Replayed])[] = [];
  for (const session of sessions) {
    await engine.forget();
    replays.push([session, await replay(session, { engine, settings })]);
  }
  return replays;
}

/** NAME=VALUE each, the value as in settings.json; what is no JSON is text. Throws where there is no such setting. */
export function settingsOf(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  const setting = (pair: string): readonly [string, unknown] => {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (!(name in settingRules))
      throw new Error(`--set takes NAME=VALUE with a setting's name after "chorus.", not "${pair}".`);
    try {
      return [name, JSON.parse(value)];
    } catch {
      return [name, value];
    }
  };
  return Object.fromEntries(pairs.map(setting));
}

/** A line for a file of sessions: lines `from` to `to` of a file, typed where they stand. */
export function recordedLine(path: string, [from, to]: readonly [number, number], seed: number): string {
  const { start, cursor, edits } = typedLines(readFileSync(path, 'utf8').replaceAll('\r\n', '\n'), from, to);
  const name = basename(path);
  const ending = name.slice(name.lastIndexOf('.') + 1);
  const session: EditSession = {
    name: `${name}:${from}-${to}`,
    languageId: languages[ending] ?? ending,
    file: name,
    source: name,
    licence: 'unknown',
    start,
    cursor,
    edits: withTimes(edits, seed),
  };
  return JSON.stringify(session);
}

const languages: Readonly<Record<string, string>> = {
  ts: 'typescript',
  js: 'javascript',
  py: 'python',
  md: 'markdown',
  tex: 'latex',
};
