/** Shows what each expert reads for a completion at the cursor, part by part with its tokens, in a document that cannot be edited. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { ShowPromptOutcome } from '../protocol/engine.ts';
import { type CompletionQuery, type CompletionRequest, placeOf, requestFor } from './completion-query.ts';
import { type ChunksFor, queryAt } from './editor-query.ts';
import { failureText } from './failure-text.ts';
import { promptReport } from './prompt-report.ts';
import type { IsSecretFile } from './secret-files.ts';
import type { SettingValues } from './setting-rules.ts';
import { registerTexts } from './text-documents.ts';

const scheme = 'chorus-prompt';
const uri = vscode.Uri.from({ scheme, path: '/Chorus prompt' });

export type ShowPrompt = (prompt: CompletionRequest['prompt']) => Promise<ShowPromptOutcome>;

export interface ShowPromptCommand extends vscode.Disposable {
  run(query: CompletionQuery): Promise<void>;
}

export function registerShowPrompt({
  values,
  showPrompt,
}: {
  readonly values: () => SettingValues;
  readonly showPrompt: ShowPrompt;
}): ShowPromptCommand {
  let text = '';
  const documents = registerTexts(scheme, () => text);
  return {
    async run(query) {
      const { prompt } = requestFor(query, placeOf(query), values());
      const outcome = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: t('Making the prompt') },
        () => showPrompt(prompt),
      );
      if (outcome.kind === 'failed') {
        void vscode.window.showWarningMessage(failureText(outcome.failure));
        return;
      }
      text = promptReport(outcome.prompts);
      documents.changed(uri);
      await vscode.window.showTextDocument(uri, { preview: true, viewColumn: vscode.ViewColumn.Beside });
    },
    dispose: () => documents.dispose(),
  };
}

export async function showPromptAtCursor(
  command: ShowPromptCommand,
  { chunksFor, isSecretFile }: { readonly chunksFor: ChunksFor; readonly isSecretFile: IsSecretFile },
): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage(
      t('Open a file and put the cursor where a suggestion would begin.'),
    );
    return;
  }
  const { document, selection } = editor;
  if (isSecretFile(document.uri.path)) {
    void vscode.window.showInformationMessage(
      t('This file is never read: it matches a pattern of the setting chorus.secretFiles.'),
    );
    return;
  }
  await command.run(queryAt(document, selection.active, { explicit: true, selected: undefined, chunksFor }));
}
