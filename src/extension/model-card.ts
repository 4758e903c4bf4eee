/** Shows what is known of an expert's model as a page: facts from its files, the catalogue, and its own card. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { readCatalog } from '../models/catalog.ts';
import { folderKind } from '../models/folder-kind.ts';
import { modelsFolder, placeOf, sourceOfStored } from '../models/stored-model.ts';
import type { DescribeOutcome, PlaceRequest } from '../protocol/obtain.ts';
import type { ExpertRow } from './expert-rows.ts';
import { failureText } from './failure-text.ts';
import { type ModelPage, modelPage } from './model-page.ts';
import { registerTexts } from './text-documents.ts';

export interface ModelCardOptions {
  readonly describe: (request: PlaceRequest) => Promise<DescribeOutcome>;
  readonly extensionPath: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  readonly place: (row: ExpertRow) => PlaceRequest;
}

export interface ModelCards extends vscode.Disposable {
  show(row: ExpertRow): Promise<void>;
}

const scheme = 'chorus-model';
/** Of a card more is not read, in characters. */
const LONGEST = 100_000;

export function registerModelCards(options: ModelCardOptions): ModelCards {
  const pages = new Map<string, string>();
  const documents = registerTexts(scheme, ({ path }) => pages.get(path) ?? '');
  return {
    async show(row) {
      const uri = vscode.Uri.from({ scheme, path: `/${row.id}.md` });
      pages.set(uri.path, modelPage(await pageOf(row, options)));
      documents.changed(uri);
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    },
    dispose: () => documents.dispose(),
  };
}

async function pageOf(
  row: ExpertRow,
  { describe, extensionPath, cache, place }: ModelCardOptions,
): Promise<ModelPage> {
  const { id, name, folder } = row;
  const outcome = await describe(place(row));
  const models = join(extensionPath, 'models');
  const home = modelsFolder(cache);
  const catalogue = await readCatalog(models);
  const catalogued = catalogue.models.find((model) =>
    model.kind === 'embedded' ? join(models, model.id) === folder : placeOf(home, model) === folder,
  );
  return {
    id,
    name,
    folder,
    facts: outcome.kind === 'described' ? outcome.facts : undefined,
    why: outcome.kind === 'failed' ? failureText(outcome.failure) : undefined,
    catalogued,
    source: await sourceOfStored(folder),
    readme: await readmeOf(folder),
  };
}

/** Beside a GGUF file, where that is all that lies there; the folder of many models has no card of one. */
async function readmeOf(place: string): Promise<string | undefined> {
  const kind = await folderKind(place).catch(() => undefined);
  const folder = kind?.kind === 'gguf' ? dirname(kind.file) : place;
  if (kind?.kind === 'gguf' && (await folderKind(folder).catch(() => undefined))?.kind !== 'gguf')
    return undefined;
  const text = await readFile(join(folder, 'README.md'), 'utf8').catch(() => undefined);
  return text?.slice(0, LONGEST);
}
