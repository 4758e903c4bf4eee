/** The quick pick behind the status bar: the main actions in one list. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { type CommandName, commandId } from './names.ts';

const actions: readonly { readonly label: string; readonly name: CommandName }[] = [
  { label: '$(checklist) Choose experts', name: 'chooseExperts' },
  { label: '$(settings) Set weights', name: 'setWeights' },
  { label: '$(layers) Choose mix', name: 'chooseMix' },
  { label: '$(lightbulb) Advise a mix for this workspace', name: 'adviseMix' },
  { label: '$(git-merge) Merge experts', name: 'mergeExperts' },
  { label: '$(cloud-download) Fetch a model', name: 'fetchModel' },
  { label: '$(add) Import a model', name: 'importModel' },
  { label: '$(comment-discussion) Ask', name: 'ask' },
  { label: '$(sparkle) Turn completions on or off', name: 'toggleCompletions' },
  { label: t('$(bell-slash) Snooze suggestions'), name: 'snooze' },
  { label: '$(question) Why was there no suggestion?', name: 'whyNoSuggestion' },
  { label: t('$(graph) Show statistics'), name: 'showStatistics' },
  { label: '$(debug-restart) Restart the engine', name: 'restartEngine' },
  { label: '$(output) Show the log', name: 'showLog' },
];

/** `state` is the sentence about the engine, shown above the actions. */
export async function showActions(state: string): Promise<void> {
  const chosen = await vscode.window.showQuickPick([...actions], { title: 'Chorus', placeHolder: state });
  if (chosen !== undefined) await vscode.commands.executeCommand(commandId(chosen.name));
}
