/** Ghost text: hands the text around the cursor to the completion session and its suggestion to the editor. */

import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { CompletionQuery } from './completion-query.ts';
import type { CompletionSession, Suggestion } from './completion-session.ts';

/** The lines handed on, in steps so that their first line stays the same while the cursor moves a little. */
const linesAbove = 400;
const linesBelow = 100;
const lineStep = 100;

export function registerInlineCompletions(session: CompletionSession): vscode.Disposable {
  return vscode.languages.registerInlineCompletionItemProvider(
    { pattern: '**' },
    {
      async provideInlineCompletionItems(document, position, { triggerKind, selectedCompletionInfo }, token) {
        if (token.isCancellationRequested) return undefined;
        const explicit = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
        const query = queryAt(document, position, { explicit, selected: selectedCompletionInfo });
        const controller = new AbortController();
        const cancelling = token.onCancellationRequested(() => controller.abort());
        try {
          const suggestion = await session.suggest(query, controller.signal);
          return suggestion === undefined ? undefined : [itemAt(document, position, suggestion)];
        } finally {
          cancelling.dispose();
        }
      },
    },
  );
}

function queryAt(
  document: vscode.TextDocument,
  position: vscode.Position,
  { explicit, selected }: { explicit: boolean; selected: vscode.SelectedCompletionInfo | undefined },
): CompletionQuery {
  const first = Math.max(0, Math.ceil((position.line - linesAbove) / lineStep) * lineStep);
  const text = (range: vscode.Range): string => document.getText(range).replaceAll('\r\n', '\n');
  return {
    path: document.uri.path,
    languageId: document.languageId,
    ...namesOf(document.uri),
    explicit,
    read: () => ({
      before: text(new vscode.Range(first, 0, position.line, position.character)),
      after: text(new vscode.Range(position.line, position.character, position.line + linesBelow, 0)),
    }),
    selected: selected && {
      text: selected.text,
      left: position.character - selected.range.start.character,
      right: selected.range.end.character - position.character,
    },
  };
}

/** The file's path in its workspace folder, and that folder's name; elsewhere its name alone. */
function namesOf(uri: vscode.Uri): Pick<CompletionQuery, 'file' | 'repository'> {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder === undefined) return { file: posix.basename(uri.path), repository: undefined };
  return { file: posix.relative(folder.uri.path, uri.path), repository: folder.name };
}

function itemAt(
  document: vscode.TextDocument,
  { line, character }: vscode.Position,
  { text, left, right }: Suggestion,
): vscode.InlineCompletionItem {
  const written = document.eol === vscode.EndOfLine.CRLF ? text.replaceAll('\n', '\r\n') : text;
  return new vscode.InlineCompletionItem(
    written,
    new vscode.Range(line, character - left, line, character + right),
  );
}
