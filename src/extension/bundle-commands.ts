/** Models in one archive, for machines without a network: written and taken in by command. */

import { join } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { diskBytes, type FetchedModel, readCatalog } from '../models/catalog.ts';
import { missingOf } from '../models/ready-mix.ts';
import type { BundleOutcome, BundleRequest, ObtainProgress } from '../protocol/obtain.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { addModels, offerToChoose } from './added-models.ts';
import { tellFailure } from './fetch-command.ts';
import { withObtainProgress } from './obtain-progress.ts';
import type { SettingsStore } from './settings.ts';

export interface BundleOptions {
  readonly settings: SettingsStore;
  readonly extensionPath: string;
  /** The folder of all that is fetched and built. */
  readonly cache: string;
  readonly bundle: (request: BundleRequest, options: CallOptions<ObtainProgress>) => Promise<BundleOutcome>;
  /** Called when a model is there that was not. */
  readonly onObtained: () => void;
}

const filters = { Zip: ['zip'] };

/** Chorus: Export Models as a Bundle... */
export async function exportModels({ extensionPath, cache, bundle }: BundleOptions): Promise<void> {
  const { models } = await readCatalog(join(extensionPath, 'models'));
  const fetched = models.filter((model) => model.kind === 'fetched');
  const missing = new Set((await missingOf(fetched, cache)).map(({ id }) => id));
  const there = fetched.filter(({ id }) => !missing.has(id));
  if (there.length === 0) {
    void vscode.window.showInformationMessage(
      t('No fetched model is on this machine, so there is none to export.'),
    );
    return;
  }
  const items = there.map((model) => ({ label: model.name, description: sizeOf(model), id: model.id }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Chorus: Export Models as a Bundle'),
    placeHolder: t('The models that go into one archive, for a machine without a network'),
    canPickMany: true,
  });
  if (chosen === undefined || chosen.length === 0) return;
  const uri = await vscode.window.showSaveDialog({ title: t('Chorus: Export Models as a Bundle'), filters });
  if (uri === undefined) return;
  const request: BundleRequest = { kind: 'export', models: chosen.map(({ id }) => id), file: uri.fsPath };
  const outcome = await withObtainProgress(t('exporting models'), (call) => bundle(request, call));
  if (outcome.kind === 'failed') await tellFailure(outcome.failure);
  else void vscode.window.showInformationMessage(t('The models are in {0}.', uri.fsPath));
}

/** Chorus: Import a Bundle of Models... */
export async function importBundle({ settings, bundle, onObtained }: BundleOptions): Promise<void> {
  const title = t('Chorus: Import a Bundle of Models');
  const [uri] = (await vscode.window.showOpenDialog({ title, filters, openLabel: t('Import') })) ?? [];
  if (uri === undefined) return;
  const outcome = await withObtainProgress(t('importing a bundle'), (call) =>
    bundle({ kind: 'import', file: uri.fsPath }, call),
  );
  if (outcome.kind === 'failed') return tellFailure(outcome.failure);
  if (outcome.kind !== 'imported') return;
  onObtained();
  await addModels(settings, outcome.models);
  const names = outcome.models.map(({ name }) => name).join(', ');
  const unknown = outcome.models.filter(({ known }) => !known).map(({ name }) => name);
  const sentence =
    unknown.length === 0
      ? t('{0}: there, among the experts.', names)
      : t(
          '{0}: there, among the experts. The catalogue does not know {1}: the bundle alone vouches for it.',
          names,
          unknown.join(', '),
        );
  await offerToChoose(sentence);
}

function sizeOf({ sources }: FetchedModel): string {
  return t('{0} MB', Math.round(Math.max(...sources.map(diskBytes)) / 1e6));
}
