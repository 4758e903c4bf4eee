/** What the chat does in the editor with a block of code: copy, insert, propose, open as a new file. */

import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { EditorActions } from './chat-handlers.ts';
import { languageOf } from './fence-language.ts';
import { type Proposals, proposalScheme } from './proposal.ts';
import { proposedChange } from './proposed-change.ts';

export function editorActions(proposals: Proposals): EditorActions {
  return {
    async copy(text) {
      await vscode.env.clipboard.writeText(text);
    },
    insert: insertIntoEditor,
    propose: ({ text }) => propose(text, proposals),
    async create({ text, language }) {
      const known = await vscode.languages.getLanguages();
      const id = languageOf(language, known);
      const document = await vscode.workspace.openTextDocument({
        content: text,
        ...(id !== undefined && { language: id }),
      });
      await vscode.window.showTextDocument(document);
    },
    async open(address) {
      await vscode.env.openExternal(vscode.Uri.parse(address, true));
    },
  };
}

async function insertIntoEditor(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage(t('Open a file and put the cursor where the code should go.'));
    return;
  }
  const inserted = await editor.edit((edit) => {
    for (const selection of editor.selections) edit.replace(selection, text);
  });
  if (!inserted) {
    void vscode.window.showWarningMessage(t('The active editor could not be changed: is it read-only?'));
  }
}

/** Shows what `block` would change in the active editor; resolves when that is shown or the user was told why not. */
async function propose(block: string, proposals: Proposals): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage(t('Open the file that the code should change, and try again.'));
    return;
  }
  const { document, selection } = editor;
  if (document.uri.scheme === proposalScheme) {
    void vscode.window.showInformationMessage(t('Accept or discard the proposal that is open first.'));
    return;
  }
  const selected = { from: document.offsetAt(selection.start), to: document.offsetAt(selection.end) };
  const { from, to, text, place } = proposedChange(document.getText(), selected, block);
  const range = new vscode.Range(document.positionAt(from), document.positionAt(to));
  if (document.getText(range).replaceAll('\r', '') === text) {
    void vscode.window.showInformationMessage(t('The file has this code already: nothing would change.'));
    return;
  }
  const name = posix.basename(document.uri.path);
  const titles = {
    selection: t('{0}: in place of the selection', name),
    region: t('{0}: in place of the lines most like it', name),
    cursor: t('{0}: at the cursor', name),
  };
  // Not awaited: it ends when the user has decided.
  void proposals.showProposal({ document, range, text, title: titles[place] });
}
