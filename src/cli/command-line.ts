/** The command line: `chorus generate | score | chat | advise | merge | models`, as a function of its arguments and streams. */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine, type Engine } from '../engine/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import { adviseFiles } from './advise.ts';
import { conversionNotes } from './conversion-notes.ts';
import { hasFlags, help, options, requestOf } from './flags.ts';
import { answerLines, answerRequest, type LineCommand, type LinesOptions } from './lines.ts';
import { mergeByRecipe } from './merge.ts';
import { manageModels } from './models.ts';
import { serveModels } from './serve.ts';
import { startChat } from './start-chat.ts';
import type { Terminal } from './terminal.ts';

/** Exit codes, as `--help` says. */
const FAILED = 1;
const MISUSED = 2;

/** @param programs the folder of the bundled programs, dist/. Resolves to the exit code. */
export async function commandLine(
  args: readonly string[],
  { input, output, notes, interruption, environment }: Terminal,
  programs: string,
): Promise<number> {
  const [command = '--help', ...rest] = args;
  const models = join(programs, '..', 'models');
  const helped = (): number => {
    output.write(help);
    return 0;
  };
  if (command === '--help' || command === '-h' || command === 'help') return helped();
  if (command === 'advise' || command === 'merge' || command === 'models') {
    if (rest.includes('--help') || rest.includes('-h')) return helped();
    if (command === 'advise')
      return withEngine({ programs, notes }, (engine) =>
        adviseFiles(rest, { engine, models, output, notes }),
      );
    const common = { models, output, notes, signal: interruption() };
    return command === 'merge'
      ? mergeByRecipe(rest, common)
      : manageModels(rest, { ...common, programs, environment });
  }
  if (command === 'serve') {
    if (rest.includes('--help') || rest.includes('-h')) return helped();
    return serveModels(rest, { input, output, notes, interruption, environment }, programs);
  }
  if (command === 'chat')
    return startChat(rest, { input, output, notes, interruption, environment }, programs);
  if (command !== 'generate' && command !== 'score') {
    notes.write(`There is no command '${command}'.\n\n${help}`);
    return MISUSED;
  }
  let values: ReturnType<typeof parse>;
  try {
    values = parse(rest);
  } catch (thrown) {
    notes.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${help}`);
    return MISUSED;
  }
  if (values.help === true) return helped();
  return withEngine({ programs, notes }, (engine) =>
    answer(command, values, { input, output }, { engine, models }),
  );
}

async function withEngine(
  { programs, notes }: { readonly programs: string } & Pick<Terminal, 'notes'>,
  run: (engine: Engine) => Promise<number>,
): Promise<number> {
  const engine = createEngine({ programs, onStatus: conversionNotes(notes) });
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
    return failed === 0 ? 0 : FAILED;
  }
  const line = await answerFlags(command, values, options);
  streams.output.write(`${JSON.stringify(line)}\n`);
  return 'error' in line ? FAILED : 0;
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
