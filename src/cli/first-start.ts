/**
 * What the chat in a terminal begins with: a mix of the catalogue, Tiny unless another is named, whose models are fetched if the user
 * agrees, or the pocket experts, which are there in any case. Whatever goes wrong is said in a sentence, and the pocket experts answer.
 */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Engine } from '../engine/engine.ts';
import { fetchSettings } from '../fetch/settings.ts';
import { type FetchedModel, readCatalog } from '../models/catalog.ts';
import { bytesOfAll, fractionOfAll, offerOf } from '../models/offer.ts';
import { fetchedOf, missingOf } from '../models/ready-mix.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { TINY_BASE } from '../models/tiny.ts';
import type { ExpertStatus, MixSetting } from '../protocol/engine.ts';
import { toFailure } from '../protocol/failure.ts';
import type { ObtainChoices } from '../protocol/obtain.ts';
import { Misuse } from './misuse.ts';
import { catalogMix, pocketMix, tinyMix } from './mixes.ts';
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
  /** The id of a ready mix; Tiny where it is left out. */
  readonly mix?: string | undefined;
  readonly consent: Consent;
  readonly choices: ObtainChoices;
  /** Called where something can be ended half-way: while the model is fetched and converted. */
  readonly interruption: () => AbortSignal;
}

/** Resolves with all loaded; undefined where the user left instead of answering. Rejects with a `Misuse` where there is no such mix. */
export async function firstStart(engine: Engine, options: FirstStartOptions): Promise<Begin | undefined> {
  const { models, output } = options;
  const line = statusLine(output);
  const wanted = await wantedMix(options).catch((thrown: unknown) => {
    if (thrown instanceof Misuse) throw thrown;
    line.say(`${toFailure(thrown).message} The pocket experts answer.`);
    return undefined;
  });
  const agreed = await agree(wanted, options).catch((thrown: unknown) => {
    line.say(`${toFailure(thrown).message} The pocket experts answer.`);
    return 'no' as const;
  });
  if (agreed === 'left') return undefined;
  const fetching = agreed === 'yes' ? wanted : undefined;
  const interrupted = fetching === undefined ? undefined : options.interruption();
  const stages =
    fetching &&
    interrupted &&
    (await obtained(engine, fetching.needs, { ...options, line, signal: interrupted }));
  const began = performance.now();
  const load = async (mix: MixSetting): Promise<string | undefined> => {
    engine.configure(mix);
    return noneOf(await engine.load());
  };
  let mix = stages === undefined ? pocketMix(models) : (fetching?.setting ?? pocketMix(models));
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

interface Wanted {
  /** All that it needs of the network, there or not; never empty. */
  readonly needs: readonly FetchedModel[];
  readonly setting: MixSetting;
}

/** Undefined where the pocket experts are what is wanted. */
async function wantedMix({
  models,
  cache,
  pocket,
  mix: id = 'tiny',
}: FirstStartOptions): Promise<Wanted | undefined> {
  if (pocket || id === 'pocket') return undefined;
  const catalogue = await readCatalog(models);
  const places = { models, cache };
  if (id === 'tiny') {
    const needs = catalogue.models
      .filter((model) => model.kind === 'fetched')
      .filter((model) => model.id === TINY_BASE);
    return needs.length === 0 ? undefined : { needs, setting: tinyMix(places) };
  }
  const mix = catalogue.mixes.find((one) => one.id === id);
  if (mix === undefined) {
    const ids = [...new Set(['pocket', 'tiny', ...catalogue.mixes.map((one) => one.id)])];
    throw new Misuse(`There is no mix '${id}'; there are ${ids.join(', ')}.`);
  }
  return { needs: fetchedOf(catalogue, mix), setting: catalogMix(catalogue, mix, places) };
}

async function agree(
  wanted: Wanted | undefined,
  { cache, environment, input, output, consent, choices }: FirstStartOptions,
): Promise<'yes' | 'no' | 'left'> {
  if (wanted === undefined) return 'no';
  const missing = await missingOf(wanted.needs, cache);
  if (missing.length === 0) return 'yes';
  const settings = fetchSettings(environment, choices, cache);
  if (settings.offline) {
    const names = missing.map(({ name }) => name).join(' and ');
    output.write(
      `${names} ${missing.length === 1 ? 'is' : 'are'} not on this machine, and connections are forbidden: the pocket experts answer.\n\n`,
    );
    return 'no';
  }
  output.write(missing.map((model) => offerText(model, { hub: settings.hub, cache })).join(''));
  if (missing.length > 1) output.write(`All together ${bytesOfAll(missing)}.\n`);
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
      'Nothing is fetched: the pocket experts answer. With --fetch it is fetched without being asked for.\n\n',
    );
    return 'no';
  }
  return ask(input, output);
}

function offerText(model: FetchedModel, { hub, cache }: { hub: string; cache: string }): string {
  const { name, summary, licence, size, memory, sources } = offerOf(model, hub);
  return `${name} is not on this machine yet.
  what     ${summary}
  licence  ${licence}
  size     ${size}, and once about twice that for the form that is run
  memory   ${memory}
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

/** How long it took; undefined where one is not there now, and why was said. */
async function obtained(
  engine: Engine,
  needs: readonly FetchedModel[],
  {
    choices,
    line,
    signal,
  }: Pick<FirstStartOptions, 'choices'> & { readonly line: StatusLine; readonly signal: AbortSignal },
): Promise<readonly Stage[] | undefined> {
  const took = { fetch: 0, convert: 0 };
  for (const [at, model] of needs.entries()) {
    const told = obtainTold(line);
    const named = needs.length === 1 ? '' : `${model.name}: `;
    const outcome = await engine.obtain(
      { kind: 'fetch', model: model.id, choices },
      {
        signal,
        onProgress: (progress) =>
          told({
            ...progress,
            text: `${named}${progress.text}`,
            fraction: fractionOfAll(needs, at, progress.fraction),
          }),
      },
    );
    if (outcome.kind === 'failed') {
      const { code, message } = outcome.failure;
      // Why is said already, source by source.
      const what =
        code === 'fetch-failed' ? `${needs.length === 1 ? 'It' : model.name} could not be fetched.` : message;
      const later = code === 'cancelled' ? ' The next start goes on with what is there.' : '';
      line.say(`${what}${later} The pocket experts answer.\n`);
      return undefined;
    }
    took.fetch += outcome.ms.fetch;
    took.convert += outcome.ms.convert;
  }
  const stages = (['fetch', 'convert'] as const)
    .map((name) => ({ name, ms: took[name] }))
    // A look at what is there is neither.
    .filter(({ ms }) => ms > 500);
  if (stages.length > 0) line.say(needs.length === 1 ? 'It is there.\n' : 'All is there.\n');
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
