/** Questions about the editor's text, put to the chat. */

import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { ChatView } from './chat-view.ts';

export async function explainSelection(chat: Pick<ChatView, 'ask'>): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.selection.isEmpty) {
    void vscode.window.showInformationMessage('Select the text to explain first.');
    return;
  }
  const { document, selection } = editor;
  await chat.ask(
    explainQuestion(document.getText(selection), document.languageId, posix.basename(document.uri.path)),
  );
}

function explainQuestion(text: string, language: string, file: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `Explain this part of ${file}:\n\n${fence}${language}\n${text}\n${fence}`;
}
