/**
 * What the chat in a terminal begins with: the mix Tiny, whose base is fetched if the user agrees, or the pocket experts, which are
 * there in any case. Whatever goes wrong is said in a sentence, and the pocket experts answer.
 */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Engine } from '../engine/engine.ts';
import { fetchSettings } from '../fetch/settings.ts';
import { type FetchedModel, readCatalog } from '../models/catalog.ts';
import { offerOf } from '../models/offer.ts';
import { modelsFolder, storedModel } from '../models/stored-model.ts';
import { TINY_BASE } from '../models/tiny.ts';
import type { ExpertStatus, MixSetting } from '../protocol/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import type { ObtainChoices } from '../protocol/obtain.ts';
import { pocketMix, tinyMix } from './mixes.ts';
import { obtainTold, type StatusLine, statusLine } from './status-line.ts';

/** A part of the time from the command to the first token. */
export interface Stage {
  readonly name: string;
  readonly ms: number;
}

export interface Begin {
  readonly mix: MixSetting;
  readonly stages: readonly Stage[];
  /** Aborts when this process is asked to end; undefined where nobody listens to that. */
  readonly interrupted: AbortSignal | undefined;
}

/** Whether the model is fetched where it is not there; with `ask` it is not where nobody can be asked. */
export type Consent = 'ask' | 'always';

export interface FirstStartOptions {
  /** The folder of the embedded models and the catalogue. */
  readonly models: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Whether the pocket experts are what is wanted. */
  readonly pocket: boolean;
  readonly consent: Consent;
  readonly choices: ObtainChoices;
  /** Called where something can be ended half-way: while the model is fetched and converted. */
  readonly interruption: () => AbortSignal;
}

/** Resolves with all loaded; undefined where the user left instead of answering. */
export async function firstStart(engine: Engine, options: FirstStartOptions): Promise<Begin | undefined> {
  const { models, cache, output } = options;
  const line = statusLine(output);
  const agreed = await agree(options).catch((thrown: unknown) => {
    line.say(`${toFailure(thrown).message} The pocket experts answer.`);
    return 'no' as const;
  });
  if (agreed === 'left') return undefined;
  const interrupted = agreed === 'yes' ? options.interruption() : undefined;
  const stages = interrupted && (await obtained(engine, { ...options, line, signal: interrupted }));
  const began = performance.now();
  const load = async (mix: MixSetting): Promise<string | undefined> => {
    engine.configure(mix);
    return noneOf(await engine.load());
  };
  let mix = stages === undefined ? pocketMix(models) : tinyMix({ models, cache });
  const why = await load(mix);
  if (why !== undefined && stages !== undefined) {
    line.say(`${why} The pocket experts answer.`);
    mix = pocketMix(models);
    await load(mix);
  }
  return {
    mix,
    stages: [...(stages ?? []), { name: 'load', ms: performance.now() - began }],
    interrupted,
  };
}

async function agree(options: FirstStartOptions): Promise<'yes' | 'no' | 'left'> {
  const { models, cache, environment, input, output, pocket, consent, choices } = options;
  if (pocket) return 'no';
  const model = await tinyBase(models);
  if (model === undefined) return 'no';
  if ((await storedModel(modelsFolder(cache), model)) !== undefined) return 'yes';
  const settings = fetchSettings(environment, choices, cache);
  if (settings.offline) {
    output.write(
      `${model.name} is not on this machine, and connections are forbidden: the pocket experts answer.\n\n`,
    );
    return 'no';
  }
  output.write(offerText(model, { hub: settings.hub, cache }));
  const canAsk = input.isTTY === true && output.isTTY === true;
  if (consent === 'always') {
    output.write(
      canAsk
        ? ''
        : 'There is no terminal to ask in, or --fetch was given, so it is fetched (--pocket would go on without it).\n',
    );
    return 'yes';
  }
  if (!canAsk) {
    output.write(
      'It is not fetched: the pocket experts answer. To fetch it without being asked: chat --fetch\n\n',
    );
    return 'no';
  }
  return ask(input, output);
}

async function tinyBase(models: string): Promise<FetchedModel | undefined> {
  const catalogue = await readCatalog(models);
  return catalogue.models.find(
    (model): model is FetchedModel => model.kind === 'fetched' && model.id === TINY_BASE,
  );
}

function offerText(model: FetchedModel, { hub, cache }: { hub: string; cache: string }): string {
  const { name, summary, licence, size, sources } = offerOf(model, hub);
  return `${name} answers real questions. It is not on this machine yet.
  what     ${summary}
  licence  ${licence}
  size     ${size}, and once about twice that for the form that is run
  from     ${sources.join('\n           or else ')}
  to       ${modelsFolder(cache)}
`;
}

async function ask(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<'yes' | 'no' | 'left'> {
  const readline = createInterface({ input, output });
  const left = once(readline, 'close').then(() => 'left' as const);
  // Ctrl+C at a question is the wish to leave.
  readline.on('SIGINT', () => readline.close());
  try {
    for (;;) {
      const answer = await Promise.race([
        left,
        readline.question('Fetch it now? y, or n for the pocket experts: '),
      ]);
      if (answer === 'left') return 'left';
      const letter = answer.trim().toLowerCase().slice(0, 1);
      if (letter === 'y' || letter === '') return 'yes';
      if (letter === 'n') return 'no';
    }
  } finally {
    readline.close();
  }
}

/** How long it took; undefined where it is not there now, and why was said. */
async function obtained(
  engine: Engine,
  {
    choices,
    line,
    signal,
  }: Pick<FirstStartOptions, 'choices'> & { readonly line: StatusLine; readonly signal: AbortSignal },
): Promise<readonly Stage[] | undefined> {
  const outcome = await engine.obtain(
    { kind: 'fetch', model: TINY_BASE, choices },
    {
      signal,
      onProgress: obtainTold(line),
    },
  );
  if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    // Why is said already, source by source.
    const what = code === 'fetch-failed' ? 'It could not be fetched.' : message;
    const later = code === 'cancelled' ? ' The next start goes on with what is there.' : '';
    line.say(`${what}${later} The pocket experts answer.\n`);
    return undefined;
  }
  const stages = (['fetch', 'convert'] as const)
    .map((name) => ({ name, ms: outcome.ms[name] }))
    // A look at what is there is neither.
    .filter(({ ms }) => ms > 500);
  if (stages.length > 0) line.say('It is there.\n');
  return stages;
}

/** Why no active expert is there; undefined where one is. */
function noneOf(statuses: readonly ExpertStatus[]): string | undefined {
  const failures = statuses.flatMap(({ state }) => (state.kind === 'failed' ? [state.failure.message] : []));
  return statuses.some(({ state }) => state.kind === 'ready')
    ? undefined
    : (failures[0] ?? 'No expert could be loaded.');
}

/** `First token after 12.3 s: fetch 3.1 s, ...`. */
export function stagesText(stages: readonly Stage[]): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const all = stages.reduce((sum, { ms }) => sum + ms, 0);
  return `First token after ${seconds(all)}: ${stages.map(({ name, ms }) => `${name} ${seconds(ms)}`).join(', ')}`;
}
