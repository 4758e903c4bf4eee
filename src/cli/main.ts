#!/usr/bin/env node
/** The program: the command line on this process's arguments and streams. */

import { commandLine } from './command-line.ts';

/** Ctrl+C ends what is under way, which takes back what was written, or keeps it for the next time. */
function interruption(): AbortSignal {
  const cancel = new AbortController();
  const interrupt = (): void => cancel.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  return cancel.signal;
}

const { stdin: input, stdout: output, stderr: notes, env: environment } = process;

commandLine(
  process.argv.slice(2),
  { input, output, notes, interruption, environment },
  { programs: __dirname },
).then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    notes.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    process.exitCode = 1;
  },
);
