/** `chorus models`: what the catalogue offers and what is there; fetches a model, removes one, or makes one ready that the user has. */

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { discard } from '../engine/discard.ts';
import { fetchTold, obtain } from '../engine/obtain.ts';
import { exportBundle } from '../fetch/export-bundle.ts';
import { fetchModel } from '../fetch/fetch-model.ts';
import { importBundle } from '../fetch/import-bundle.ts';
import { ledgerLines, readLedger } from '../fetch/ledger.ts';
import { removeModel } from '../fetch/remove-model.ts';
import { type FetchSettings, fetchSettings, ledgerFile } from '../fetch/settings.ts';
import { userCacheFolder } from '../models/cache-folder.ts';
import { type Catalog, type FetchedModel, licenceText, readCatalog } from '../models/catalog.ts';
import { importPlace } from '../models/import-place.ts';
import { modelsFolder, placeOf, storedIds, storedModel } from '../models/stored-model.ts';
import { ChorusError, toFailure } from '../protocol/failure.ts';
import { exitCodeOf, Misuse, parsed } from './misuse.ts';
import { listModels, type Named, strangers } from './models-list.ts';
import { obtainTold, statusLine } from './status-line.ts';

export interface ModelsRun {
  /** The folder of the bundled programs, dist/. */
  readonly programs: string;
  /** The folder of the embedded models and the catalogue. */
  readonly models: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: NodeJS.WritableStream;
  /** For the progress and for what goes wrong. */
  readonly notes: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly signal: AbortSignal;
}

const options = {
  json: { type: 'boolean' },
  offline: { type: 'boolean' },
  hub: { type: 'string' },
  pip: { type: 'string' },
  base: { type: 'string' },
} as const;

/** The exit code. */
export async function manageModels(args: readonly string[], run: ModelsRun): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    const [action = 'list', id, ...rest] = positionals;
    const catalog = await readCatalog(run.models);
    const cache = userCacheFolder(run.environment);
    const folder = modelsFolder(cache);
    switch (action) {
      case 'list':
        if (id !== undefined) throw misused(`list takes no '${id}'`);
        await listModels(catalog, folder, { ...run, json: values.json === true });
        return 0;
      case 'fetch':
        if (rest.length > 0) throw misused('fetch takes one model at a time');
        await fetchOne(chosen(catalog, id), folder, fetchSettings(run.environment, values, cache), run);
        return 0;
      case 'remove': {
        if (rest.length > 0) throw misused('remove takes one model at a time');
        const others = await strangers(catalog, folder);
        const stranger = others.find((one) => one.id === id);
        await removeOne(stranger ?? chosen(catalog, id, others), { cache, folder, run });
        return 0;
      }
      case 'import':
        if (id === undefined) throw misused('say which folder or file to import');
        if (rest.length > 0) throw misused('import takes one path at a time');
        await importOne(id, { base: values.base, cache, run });
        return 0;
      case 'export': {
        const names = [id, ...rest].filter((name) => name !== undefined);
        const target = names.pop();
        if (target === undefined || names.length === 0)
          throw misused('say which models to export, and last the file to write');
        await exportAll(
          [...new Set(names)].map((name) => chosen(catalog, name)),
          target,
          folder,
          run,
        );
        return 0;
      }
      case 'import-bundle':
        if (id === undefined || rest.length > 0) throw misused('say which one bundle to import');
        await importAll(id, { catalog, folder, run });
        return 0;
      case 'connections':
        if (id !== undefined) throw misused(`connections takes no '${id}'`);
        await connections(cache, { ...run, json: values.json === true });
        return 0;
      default:
        throw misused(`there is no '${action}'`);
    }
  } catch (thrown) {
    run.notes.write(`${toFailure(thrown).message}\n`);
    return exitCodeOf(thrown, run.signal);
  }
}

function parse(args: readonly string[]) {
  return parsed(() => parseArgs({ args: [...args], options, strict: true, allowPositionals: true }), misused);
}

function misused(why: string): Misuse {
  return new Misuse(
    `chorus models: ${why}. Usage: chorus models [list], chorus models fetch ID, chorus models remove ID, chorus models import PATH, chorus models export ID... FILE, chorus models import-bundle FILE, chorus models connections (chorus models --help says the rest).`,
  );
}

/** A model of the catalogue; `others` are named beside those where it is none. */
function chosen({ models }: Catalog, id: string | undefined, others: readonly Named[] = []): FetchedModel {
  const ids = [...models.filter(({ kind }) => kind === 'fetched'), ...others].map((model) => model.id);
  if (id === undefined) throw misused(`say which model: ${ids.join(', ')}`);
  const model = models.find((one) => one.id === id);
  if (model?.kind === 'embedded') throw misused(`${id} comes with Chorus: it is neither fetched nor removed`);
  if (model === undefined) throw misused(`there is no model '${id}'; there are ${ids.join(', ')}`);
  return model;
}

async function fetchOne(
  model: FetchedModel,
  folder: string,
  settings: FetchSettings,
  { output, notes, signal }: ModelsRun,
): Promise<void> {
  const line = statusLine(notes);
  if ((await storedModel(folder, model)) === undefined) {
    line.say(`${model.name}, licence ${licenceText(model.licence)}.`);
  }
  try {
    const onProgress = fetchTold(obtainTold(line));
    const place = await fetchModel(model, { folder, settings, signal, onProgress });
    line.end();
    output.write(`${place}\n`);
  } catch (thrown) {
    line.end();
    if (toFailure(thrown).code === 'cancelled') {
      const why = `The download of ${model.name} was stopped. What is there stays: chorus models fetch ${model.id} goes on with it.`;
      throw new ChorusError('cancelled', why);
    }
    if (toFailure(thrown).code !== 'fetch-failed') throw thrown;
    // Why is said already, source by source.
    throw new ChorusError('fetch-failed', `${model.name} could not be fetched.`);
  }
}

interface Removal {
  readonly cache: string;
  readonly folder: string;
  readonly run: ModelsRun;
}

async function removeOne(model: Named, { cache, folder, run }: Removal): Promise<void> {
  const { notes, signal, models } = run;
  if ((await storedIds(folder)).includes(model.id)) {
    // Its graph is found by what the files hold, so it goes first.
    const request = { folder: placeOf(folder, model), folders: [], precision: 'auto', files: false } as const;
    await discard(request, { models, cacheFolder: cache });
  }
  const onWaiting = (): void =>
    void notes.write('Another process is fetching it; waiting for that to end.\n');
  const there = await removeModel(folder, model, { onWaiting, signal });
  notes.write(there ? `${model.name} is removed.\n` : `${model.name} was not there.\n`);
}

interface Import {
  readonly base: string | undefined;
  readonly cache: string;
  readonly run: ModelsRun;
}

/** Looks through it and makes its graph; what to name in a request goes to standard output. */
async function importOne(path: string, { base, cache, run }: Import): Promise<void> {
  const { output, notes, signal, programs, models, environment } = run;
  const found = await importPlace(path);
  if (found.kind === 'several') {
    throw new Misuse(
      `${path} holds ${found.places.length} models. Name one of them: ${found.places.slice(0, 20).join(', ')}.`,
    );
  }
  const line = statusLine(notes);
  const request = {
    kind: 'import',
    folder: found.place,
    base: base === undefined ? undefined : resolve(base),
    folders: [],
    precision: 'auto',
  } as const;
  await obtain(request, {
    models,
    cacheFolder: cache,
    converter: join(programs, 'convert.js'),
    environment,
    onProgress: obtainTold(line),
    signal,
    clock: () => performance.now(),
  });
  line.say(
    'It can be used, and its files stay where they are: name it as an expert, or import it in the editor by "Chorus: Import a Model...".',
  );
  output.write(`${found.place}\n`);
}

async function exportAll(
  models: readonly FetchedModel[],
  target: string,
  folder: string,
  { output, notes, signal }: ModelsRun,
): Promise<void> {
  const line = statusLine(notes);
  try {
    await exportBundle(models, target, {
      folder,
      replace: false,
      signal,
      onProgress: fetchTold(obtainTold(line)),
    });
  } finally {
    line.end();
  }
  output.write(`${resolve(target)}\n`);
}

/** Where each model lies goes to standard output. */
async function importAll(
  archive: string,
  { catalog, folder, run }: { readonly catalog: Catalog; readonly folder: string; readonly run: ModelsRun },
): Promise<void> {
  const { output, notes, signal } = run;
  const line = statusLine(notes);
  const onProgress = fetchTold(obtainTold(line));
  const imported = await importBundle(archive, { catalog, folder, signal, onProgress }).finally(() =>
    line.end(),
  );
  for (const { model, folder: place, known } of imported) {
    line.say(`${model.name}, licence ${licenceText(model.licence)}.`);
    if (!known) line.say(`The catalogue does not know ${model.id}: the bundle alone vouches for its files.`);
    output.write(`${place}\n`);
  }
}

async function connections(cache: string, run: ModelsRun & { readonly json: boolean }): Promise<void> {
  const entries = await readLedger(ledgerFile(cache));
  if (run.json) for (const entry of entries) run.output.write(`${JSON.stringify(entry)}\n`);
  else for (const text of ledgerLines(entries)) run.output.write(`${text}\n`);
  if (entries.length === 0) run.notes.write('No connection was ever made.\n');
}
