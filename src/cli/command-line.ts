/** The command line as a function of its arguments and streams: which command is meant, and the exit code. */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine, type Engine, type EngineParts } from '../engine/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import { adviseFiles } from './advise.ts';
import { completeAt } from './complete.ts';
import { conversionNotes } from './conversion-notes.ts';
import { evaluate } from './evaluate.ts';
import { hasFlags, options, requestOf } from './flags.ts';
import { type Command, helpOf, helps, overview, seeHelp } from './help.ts';
import { answerLines, answerRequest, type LineCommand, type LinesOptions } from './lines.ts';
import { mergeByRecipe } from './merge.ts';
import { exitCodes } from './misuse.ts';
import { manageModels } from './models.ts';
import { serveModels } from './serve.ts';
import { startChat } from './start-chat.ts';
import type { Terminal } from './terminal.ts';

type Run = (args: readonly string[], terminal: Terminal, parts: EngineParts) => Promise<number>;

const commands: Readonly<Record<Command, Run>> = {
  generate: answering('generate'),
  score: answering('score'),
  chat: startChat,
  complete: completeAt,
  serve: serveModels,
  eval: (args, terminal, { programs }) => evaluate(args, terminal, programs),
  advise: (args, { output, notes }, parts) =>
    withEngine({ ...parts, notes }, (engine) =>
      adviseFiles(args, { engine, models: modelsOf(parts.programs), output, notes }),
    ),
  merge: (args, { output, notes, interruption }, { programs }) =>
    mergeByRecipe(args, { models: modelsOf(programs), output, notes, signal: interruption() }),
  models: (args, { output, notes, interruption, environment }, { programs }) =>
    manageModels(args, {
      programs,
      models: modelsOf(programs),
      output,
      notes,
      signal: interruption(),
      environment,
    }),
};

/** Resolves to the exit code. */
export async function commandLine(
  args: readonly string[],
  terminal: Terminal,
  parts: EngineParts,
): Promise<number> {
  const { output, notes } = terminal;
  const [given = '--help', ...rest] = args;
  const command = given === 'help' && rest[0] !== undefined ? rest[0] : given;
  const isHelp = (arg: string): boolean => arg === '--help' || arg === '-h';
  if (isHelp(command) || command === 'help') {
    output.write(overview);
    return exitCodes.done;
  }
  if (!isCommand(command)) {
    notes.write(`There is no command '${command}'.\n\n${overview}`);
    return exitCodes.misused;
  }
  if (given === 'help' || (command !== 'eval' && rest.some(isHelp))) {
    output.write(helpOf(command));
    return exitCodes.done;
  }
  return commands[command](rest, terminal, parts);
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(helps, name);
}

/** The embedded models and the catalogue lie beside the programs. */
function modelsOf(programs: string): string {
  return join(programs, '..', 'models');
}

function answering(command: LineCommand): Run {
  return async (args, { input, output, notes }, parts) => {
    let values: ReturnType<typeof parse>;
    try {
      values = parse(args);
    } catch (thrown) {
      notes.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${seeHelp(command)}`);
      return exitCodes.misused;
    }
    return withEngine({ ...parts, notes }, (engine) =>
      answer(command, values, { input, output }, { engine, models: modelsOf(parts.programs) }),
    );
  };
}

async function withEngine(
  { programs, open, notes }: EngineParts & Pick<Terminal, 'notes'>,
  run: (engine: Engine) => Promise<number>,
): Promise<number> {
  const engine = createEngine({ programs, open, onStatus: conversionNotes(notes) });
  try {
    return await run(engine);
  } finally {
    await engine.dispose();
  }
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
}

async function answer(
  command: LineCommand,
  values: ReturnType<typeof parse>,
  streams: Pick<Terminal, 'input' | 'output'>,
  options: LinesOptions,
): Promise<number> {
  if (!hasFlags(values)) {
    const { failed } = await answerLines(command, streams, options);
    return failed === 0 ? exitCodes.done : exitCodes.failed;
  }
  const line = await answerFlags(command, values, options);
  streams.output.write(`${JSON.stringify(line)}\n`);
  return 'error' in line ? exitCodes.failed : exitCodes.done;
}

/** A file that a flag names may not be there. */
async function answerFlags(
  command: LineCommand,
  values: ReturnType<typeof parse>,
  options: LinesOptions,
): Promise<object> {
  let request: object;
  try {
    request = requestOf(values);
  } catch (thrown) {
    return { error: toFailure(thrown) };
  }
  return answerRequest(command, request, options);
}
