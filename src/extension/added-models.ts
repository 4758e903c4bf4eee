/** Models that came onto the machine join the list of experts. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { TINY_BASE } from '../models/tiny.ts';
import { commandId } from './names.ts';
import type { SettingsStore } from './settings.ts';

/** Those that are on the list already stay where they are. */
export async function addFolders(settings: SettingsStore, folders: readonly string[]): Promise<void> {
  const listed = settings.current().values['models.folders'];
  const added = folders.filter((folder) => !listed.includes(folder));
  if (added.length > 0) await settings.write('models.folders', [...listed, ...added]);
}

/** Models of the catalogue, by their ids there. */
export async function addModels(
  settings: SettingsStore,
  models: readonly { readonly id: string; readonly folder: string }[],
): Promise<void> {
  // The base of Tiny is known without the list.
  const others = models.filter(({ id }) => id !== TINY_BASE);
  await addFolders(
    settings,
    others.map(({ folder }) => folder),
  );
}

/** Says that they are there, and lets the user tick them. */
export async function offerToChoose(sentence: string): Promise<void> {
  const choose = t('Choose Experts');
  const answer = await vscode.window.showInformationMessage(sentence, choose);
  if (answer === choose) await vscode.commands.executeCommand(commandId('chooseExperts'));
}
