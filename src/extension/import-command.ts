/** Imports models that the user has: asks which, has the engine look through and convert them, and adds them to the list of experts. */

import { basename } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { baseOf } from '../models/adapter-base.ts';
import { folderKind } from '../models/folder-kind.ts';
import { foundModels, programFolders } from '../models/found-models.ts';
import { importPlace } from '../models/import-place.ts';
import { modelsFolder } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { NewExpert } from './expert-list.ts';
import { withActive, withExpert } from './expert-list.ts';
import { tellFailure } from './fetch-command.ts';
import { writeAll } from './mix-commands.ts';
import { type Obtain, withObtainProgress } from './obtain-progress.ts';
import type { SettingsStore } from './settings.ts';

export interface ImportOptions {
  readonly settings: SettingsStore;
  readonly obtain: Obtain;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
}

const title = (): string => t('Chorus: Import a Model');

/** `paths` are those that were named already; without any, the user is asked. Rejects with what is wrong with one of them. */
export async function importModels(options: ImportOptions, paths: readonly string[] = []): Promise<void> {
  const named = paths.length > 0 ? await chosenFrom(paths) : await askWhich();
  const added: string[] = [];
  for (const one of named) {
    const id = await importOne(one, options);
    if (id !== undefined) added.push(id);
  }
  if (added.length > 0) await offer(added, options.settings);
}

/** Of each path the model that it is; of a folder with several those that the user ticks. */
async function chosenFrom(paths: readonly string[]): Promise<NewExpert[]> {
  const chosen: NewExpert[] = [];
  for (const path of paths) {
    const found = await importPlace(path);
    if (found.kind === 'one') chosen.push(found);
    else chosen.push(...(await tick(found.places)));
  }
  return chosen;
}

async function tick(places: readonly string[]): Promise<NewExpert[]> {
  const items = places.map((place) => ({
    label: basename(place).replace(/\.gguf$/i, ''),
    detail: place,
    place,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: title(),
    canPickMany: true,
    placeHolder: t('There are several models; tick those to import'),
  });
  return (chosen ?? []).map(({ label, place }) => ({ place, name: label }));
}

type Source = vscode.QuickPickItem & { readonly choose?: () => Promise<NewExpert[]> };

/** The models of other programs on this machine, and the way to any other. */
async function askWhich(): Promise<NewExpert[]> {
  const found = await foundModels(programFolders(process.env));
  const items: Source[] = [
    { label: `$(folder-opened) ${t('Choose a folder...')}`, choose: () => browse('folder') },
    { label: `$(file) ${t('Choose a file...')}`, choose: () => browse('file') },
  ];
  let program: string | undefined;
  for (const model of found) {
    if (model.program !== program) {
      program = model.program;
      items.push({ label: program, kind: vscode.QuickPickItemKind.Separator });
    }
    items.push({
      label: model.name,
      description: t('{0} GB', (model.bytes / 1e9).toFixed(1)),
      detail: model.place,
      choose: async () => [model],
    });
  }
  const chosen = await vscode.window.showQuickPick(items, {
    title: title(),
    placeHolder: t('The model stays where it is; nothing is copied'),
    matchOnDetail: true,
  });
  return (await chosen?.choose?.()) ?? [];
}

async function browse(what: 'folder' | 'file'): Promise<NewExpert[]> {
  const uris = await vscode.window.showOpenDialog({
    title: title(),
    openLabel: t('Import'),
    canSelectFolders: what === 'folder',
    canSelectFiles: what === 'file',
    canSelectMany: true,
  });
  return chosenFrom((uris ?? []).map(({ fsPath }) => fsPath));
}

/** The id of the new expert; undefined where there is none. */
async function importOne(given: NewExpert, options: ImportOptions): Promise<string | undefined> {
  const { settings, obtain } = options;
  const { values, experts } = settings.current();
  const before = withExpert(values, experts, given);
  if (before.kind === 'there') {
    void vscode.window.showInformationMessage(t('{0} is among the experts already.', before.id));
    return undefined;
  }
  if (before.kind === 'taken') {
    void vscode.window.showErrorMessage(
      t(
        '{0} cannot be added: an expert goes by the name of its folder or file, and {1} is taken by {2}. Give one of them another name, or remove that expert first.',
        given.place,
        before.id,
        before.by,
      ),
    );
    return undefined;
  }
  const base = await baseFor(given.place, options);
  if (base === 'cancelled') return undefined;
  const folders = experts.map(({ folder }) => folder);
  const precision = values['models.precision'];
  const request = { kind: 'import', folder: given.place, base, folders, precision } as const;
  const outcome = await withObtainProgress(given.name, (call) => obtain(request, call));
  if (outcome.kind === 'failed') {
    void tellFailure(outcome.failure);
    return undefined;
  }
  const now = settings.current();
  const added = withExpert(now.values, now.experts, { ...given, base });
  if (added.kind === 'added') await writeAll(settings, added.sets);
  return added.id;
}

/** What an adapter is an adapter of, where that has to be said: undefined for what is no adapter, or finds its base by itself. */
async function baseFor(
  place: string,
  { settings, cache }: ImportOptions,
): Promise<string | undefined | 'cancelled'> {
  if ((await folderKind(place)).kind !== 'adapter') return undefined;
  const { experts } = settings.current();
  const folders = experts.map(({ folder }) => folder);
  try {
    await baseOf(place, { folders, fetched: modelsFolder(cache) });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ChorusError)) throw thrown;
  }
  const another = { label: `$(folder-opened) ${t('Another model...')}`, detail: '' };
  const items = [another, ...experts.map(({ id, folder }) => ({ label: id, detail: folder }))];
  const chosen = await vscode.window.showQuickPick(items, {
    title: title(),
    placeHolder: t('{0} is an adapter: which model was it trained on?', basename(place)),
  });
  if (chosen === undefined) return 'cancelled';
  if (chosen !== another) return chosen.detail;
  const [base] = await browse('folder');
  return base?.place ?? 'cancelled';
}

async function offer(ids: readonly string[], settings: SettingsStore): Promise<void> {
  const [first = ''] = ids;
  const use = ids.length === 1 ? t('Use It') : t('Use Them');
  const message =
    ids.length === 1
      ? t('{0} is among the experts now. Its files stay where they are.', nameOf(first, settings))
      : t('{0} models are among the experts now. Their files stay where they are.', ids.length);
  if ((await vscode.window.showInformationMessage(message, use)) !== use) return;
  await writeAll(settings, withActive(settings.current().values, ids));
}

function nameOf(id: string, settings: SettingsStore): string {
  return settings.current().values['experts.names'][id] ?? id;
}
