/** The quick pick behind the status bar: the main actions in one list. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { type CommandName, commandId } from './names.ts';

const actions = (): { readonly label: string; readonly name: CommandName }[] => [
  { label: t('$(checklist) Choose experts'), name: 'chooseExperts' },
  { label: t('$(settings) Set weights'), name: 'setWeights' },
  { label: t('$(layers) Choose mix'), name: 'chooseMix' },
  { label: t('$(lightbulb) Advise a mix for this workspace'), name: 'adviseMix' },
  { label: t('$(git-merge) Merge experts'), name: 'mergeExperts' },
  { label: t('$(cloud-download) Fetch a model'), name: 'fetchModel' },
  { label: t('$(add) Import a model'), name: 'importModel' },
  { label: t('$(comment-discussion) Ask'), name: 'ask' },
  { label: t('$(sparkle) Turn completions on or off'), name: 'toggleCompletions' },
  { label: t('$(bell-slash) Snooze suggestions'), name: 'snooze' },
  { label: t('$(question) Why was there no suggestion?'), name: 'whyNoSuggestion' },
  { label: t('$(graph) Show statistics'), name: 'showStatistics' },
  { label: t('$(debug-restart) Restart the engine'), name: 'restartEngine' },
  { label: t('$(output) Show the log'), name: 'showLog' },
];

/** `state` is the sentence about the engine, shown above the actions. */
export async function showActions(state: string): Promise<void> {
  const chosen = await vscode.window.showQuickPick(actions(), { title: 'Chorus', placeHolder: state });
  if (chosen !== undefined) await vscode.commands.executeCommand(commandId(chosen.name));
}
