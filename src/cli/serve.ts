/** `chorus serve`: the mixture for other programs on this machine, by OpenAI's protocol, until it is ended. */

import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine, type Engine, type EngineParts } from '../engine/engine.ts';
import { userCacheFolder } from '../models/cache-folder.ts';
import { hasTinyBase } from '../models/tiny.ts';
import type { ExpertStatus, MixSetting } from '../protocol/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import { checkedKey, keptKey } from '../serve/key.ts';
import { serve } from '../serve/serve.ts';
import { conversionNotes } from './conversion-notes.ts';
import { firstStart } from './first-start.ts';
import { exitCodeOf, exitCodes, Misuse, parsed } from './misuse.ts';
import { mixOptions, ownMix } from './own-mix.ts';
import { servedModels } from './served-models.ts';
import { beginOptions } from './start-chat.ts';
import type { Terminal } from './terminal.ts';

const options = {
  ...beginOptions,
  port: { type: 'string' },
  key: { type: 'string' },
  ipv6: { type: 'boolean' },
  'allow-origin': { type: 'string', multiple: true },
  ...mixOptions,
} as const;

const PORT = 8191;

/** Resolves to the exit code when it is asked to end. */
export async function serveModels(
  args: readonly string[],
  terminal: Terminal,
  { programs, open }: EngineParts,
): Promise<number> {
  const { output, notes, environment } = terminal;
  const models = join(programs, '..', 'models');
  const cache = userCacheFolder(environment);
  const signal = terminal.interruption();
  let engine: Engine | undefined;
  try {
    const values = parse(args);
    const port = portOf(values.port);
    const origins = (values['allow-origin'] ?? []).map(originOf);
    const own = ownMix(values, models);
    if (own !== undefined && (values.pocket || values.mix !== undefined || values.fetch))
      throw new Misuse('--expert says who answers: leave out --pocket, --mix and --fetch.');
    const { key, words } = await keyOf(values.key ?? environment.CHORUS_KEY, join(cache, 'serve.key'));
    engine = createEngine({
      programs,
      open,
      cacheFolder: cache,
      environment,
      onStatus: conversionNotes(notes),
    });
    const begin =
      own === undefined ? await firstMix(engine, values, { terminal, models, cache, signal }) : own;
    if (begin === undefined) return exitCodes.done;
    const served = servedModels(begin, { models, cache, hasTiny: hasTinyBase(cache) });
    engine.configure(served.mix);
    sayFailures(await engine.load(), notes);
    const log = (text: string): void => void notes.write(`${text}\n`);
    const serving = await serve({
      engine,
      models: served.models,
      key,
      port,
      ipv6: values.ipv6 === true,
      origins,
      log,
    });
    output.write(
      `Chorus answers at http://127.0.0.1:${serving.port}/v1\n${words}\nModels: ${served.models.map(({ id }) => id).join(', ')}\nCtrl+C ends it.\n`,
    );
    if (!signal.aborted) await once(signal, 'abort');
    await serving.close();
    return exitCodes.done;
  } catch (thrown) {
    notes.write(`${toFailure(thrown).message}\n`);
    return exitCodeOf(thrown, signal);
  } finally {
    await engine?.dispose();
  }
}

function parse(args: readonly string[]) {
  return parsed(() => parseArgs({ args: [...args], options, strict: true, allowPositionals: false })).values;
}

type Values = ReturnType<typeof parse>;

function portOf(given = `${PORT}`): number {
  const port = Number(given);
  if (/^\d+$/.test(given) && port < 65536) return port;
  throw new Misuse(`--port is a whole number of 0 (any that is free) to 65535, not '${given}'.`);
}

/** As a browser writes it. */
function originOf(given: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s*]+$/.test(given)) return given;
  throw new Misuse(
    `--allow-origin is the origin of one page, https://example.org for instance, not '${given}'.`,
  );
}

async function keyOf(
  given: string | undefined,
  file: string,
): Promise<{ readonly key: string; readonly words: string }> {
  if (given) return { key: checkedKey(given), words: 'Key: the one that was given.' };
  const { key, isNew } = await keptKey(file);
  const words = isNew ? `Key: ${key} (shown this once, and kept in ${file})` : `Key: the one in ${file}`;
  return { key, words };
}

interface FirstMixOptions {
  readonly terminal: Terminal;
  readonly models: string;
  readonly cache: string;
  readonly signal: AbortSignal;
}

/** As the chat begins: Tiny, which is fetched if the user agrees, or the pocket experts; undefined where the user left. */
async function firstMix(
  engine: Engine,
  { pocket = false, mix, fetch = false, offline, hub, pip }: Values,
  { terminal: { input, notes, environment }, models, cache, signal }: FirstMixOptions,
): Promise<MixSetting | undefined> {
  const begin = await firstStart(engine, {
    models,
    cache,
    environment,
    input,
    output: notes,
    pocket,
    mix,
    consent: fetch ? 'always' : 'ask',
    choices: { offline, hub, pip },
    interruption: () => signal,
  });
  return begin?.mix;
}

function sayFailures(statuses: readonly ExpertStatus[], notes: NodeJS.WritableStream): void {
  for (const { id, state } of statuses)
    if (state.kind === 'failed') notes.write(`'${id}' takes no part: ${state.failure.message}\n`);
}
