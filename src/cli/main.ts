#!/usr/bin/env node
/** The command line: `chorus generate | score | chat | advise | merge | models`. */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../engine/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import { adviseFiles } from './advise.ts';
import { chat } from './chat.ts';
import { hasFlags, help, options, requestOf } from './flags.ts';
import { answerLines, answerRequest, type LineCommand } from './lines.ts';
import { mergeByRecipe } from './merge.ts';
import { manageModels } from './models.ts';

async function main(args: readonly string[]): Promise<number> {
  const [command = '--help', ...rest] = args;
  if (command === '--help' || command === '-h' || command === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (command === 'advise') return advise(rest);
  if (command === 'merge') return merge(rest);
  if (command === 'models') return runModels(rest);
  if (command !== 'generate' && command !== 'score' && command !== 'chat') {
    process.stderr.write(`There is no command '${command}'.\n\n${help}`);
    return 2;
  }
  let values: ReturnType<typeof parse>;
  try {
    values = parse(rest);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${help}`);
    return 2;
  }
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const models = join(__dirname, '..', 'models');
  const engine = createEngine({ programs: __dirname });
  try {
    if (command === 'chat') {
      const [given] = Object.keys(values);
      if (given !== undefined) {
        process.stderr.write(
          `chat takes no --${given}. It starts with the pocket experts; what they do is changed while it runs: type /help there.\n`,
        );
        return 2;
      }
      await chat(engine, { models, input: process.stdin, output: process.stdout });
      return 0;
    }
    return await run(command, values, { engine, models });
  } finally {
    await engine.dispose();
  }
}

async function advise(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return 0;
  }
  const engine = createEngine({ programs: __dirname });
  try {
    const models = join(__dirname, '..', 'models');
    return await adviseFiles(args, { engine, models, output: process.stdout, notes: process.stderr });
  } finally {
    await engine.dispose();
  }
}

async function merge(args: readonly string[]): Promise<number> {
  const models = join(__dirname, '..', 'models');
  const { stdout: output, stderr: notes } = process;
  return untilInterrupted(args, (signal) => mergeByRecipe(args, { models, output, notes, signal }));
}

async function runModels(args: readonly string[]): Promise<number> {
  const models = join(__dirname, '..', 'models');
  const { stdout: output, stderr: notes, env: environment } = process;
  return untilInterrupted(args, (signal) =>
    manageModels(args, { models, environment, output, notes, signal }),
  );
}

/** Ctrl+C ends `work`, which takes back what was written, or keeps it for the next time. */
async function untilInterrupted(
  args: readonly string[],
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return 0;
  }
  const cancel = new AbortController();
  const interrupt = (): void => cancel.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  return work(cancel.signal);
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
}

async function run(
  command: LineCommand,
  values: ReturnType<typeof parse>,
  rest: Parameters<typeof answerRequest>[2],
): Promise<number> {
  if (!hasFlags(values)) {
    await answerLines(command, { input: process.stdin, output: process.stdout }, rest);
    return 0;
  }
  const answer = await answerFlags(command, values, rest);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  return 'error' in answer ? 1 : 0;
}

/** A file that a flag names may not be there. */
async function answerFlags(
  command: LineCommand,
  values: ReturnType<typeof parse>,
  rest: Parameters<typeof answerRequest>[2],
): Promise<object> {
  let request: object;
  try {
    request = requestOf(values);
  } catch (thrown) {
    return { error: toFailure(thrown) };
  }
  return answerRequest(command, request, rest);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    process.exitCode = 1;
  },
);
