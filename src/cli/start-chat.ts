/** `chorus chat`: its flags, what it begins with, and the conversation. */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine, type EngineParts } from '../engine/engine.ts';
import { userCacheFolder } from '../models/cache-folder.ts';
import { chat } from './chat.ts';
import { firstStart, type Stage } from './first-start.ts';
import { seeHelp } from './help.ts';
import { exitCodes, Misuse } from './misuse.ts';
import type { Terminal } from './terminal.ts';

/** What the chat and the server begin with, and where that comes from. */
export const beginOptions = {
  pocket: { type: 'boolean' },
  mix: { type: 'string' },
  fetch: { type: 'boolean' },
  offline: { type: 'boolean' },
  hub: { type: 'string' },
  pip: { type: 'string' },
} as const;

const options = {
  ...beginOptions,
  // What was before: npm start installs and builds.
  after: { type: 'string', multiple: true },
} as const;

/** Resolves to the exit code. */
export async function startChat(
  args: readonly string[],
  { input, output, notes, interruption, environment }: Terminal,
  { programs, open }: EngineParts,
): Promise<number> {
  let values: ReturnType<typeof parse>;
  let before: Stage[];
  try {
    values = parse(args);
    before = (values.after ?? []).map(stageOf);
  } catch (thrown) {
    notes.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${seeHelp('chat')}`);
    return exitCodes.misused;
  }
  const { pocket = false, mix, fetch = false, offline, hub, pip } = values;
  const cache = userCacheFolder(environment);
  const engine = createEngine({ programs, open, cacheFolder: cache, environment });
  try {
    const begin = await firstStart(engine, {
      models: join(programs, '..', 'models'),
      cache,
      environment,
      input,
      output,
      pocket,
      mix,
      consent: fetch ? 'always' : 'ask',
      choices: { offline, hub, pip },
      interruption,
    });
    if (begin === undefined) return exitCodes.done;
    const stages = [...before, ...begin.stages];
    await chat(engine, { begin: { ...begin, stages }, input, output });
    return exitCodes.done;
  } catch (thrown) {
    if (!(thrown instanceof Misuse)) throw thrown;
    notes.write(`${thrown.message}\n`);
    return exitCodes.misused;
  } finally {
    await engine.dispose();
  }
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
}

/** `install=3.2`, in seconds. */
function stageOf(text: string): Stage {
  const [, name, seconds] = /^([a-z]{1,20})=(\d{1,6}(?:\.\d{1,6})?)$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`--after is a stage and its seconds, install=3.2, not '${text}'.`);
  return { name, ms: 1000 * Number(seconds) };
}
