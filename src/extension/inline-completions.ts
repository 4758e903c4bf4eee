/** Ghost text: hands the text around the cursor to the completion session and its suggestion to the editor. */

import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { Acceptance, TextPlace } from './acceptance.ts';
import type { CompletionQuery } from './completion-query.ts';
import type { CompletionSession, Suggestion } from './completion-session.ts';

/** The lines handed on, in steps so that their first line stays the same while the cursor moves a little. */
const linesAbove = 400;
const linesBelow = 100;
const lineStep = 100;

/** Run by the editor when a suggestion was accepted; not in the palette. */
const ACCEPTED = 'chorus.suggestionAccepted';

export function registerInlineCompletions(
  session: CompletionSession,
  acceptance: Acceptance,
): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, provider(session, acceptance)),
    vscode.commands.registerCommand(ACCEPTED, (suggestion: Suggestion) => {
      acceptance.accepted(suggestion.text);
      session.accepted(suggestion);
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges: [change, ...others] }) => {
      if (change === undefined || others.length > 0) return;
      acceptance.inserted(textPlace(document, change.range.start), withLineFeeds(change.text));
    }),
  );
}

function provider(session: CompletionSession, acceptance: Acceptance): vscode.InlineCompletionItemProvider {
  return {
    async provideInlineCompletionItems(document, position, { triggerKind, selectedCompletionInfo }, token) {
      if (token.isCancellationRequested) return undefined;
      const explicit = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
      const query = queryAt(document, position, { explicit, selected: selectedCompletionInfo });
      const controller = new AbortController();
      const cancelling = token.onCancellationRequested(() => controller.abort());
      try {
        const suggestions = await session.suggest(query, controller.signal);
        const [first] = suggestions;
        if (first !== undefined && !controller.signal.aborted)
          acceptance.shown(textPlace(document, position), first.text);
        return suggestions.map((suggestion) => itemAt(document, position, suggestion));
      } finally {
        cancelling.dispose();
      }
    },
  };
}

function textPlace({ uri }: vscode.TextDocument, { line, character }: vscode.Position): TextPlace {
  return { document: uri.toString(), line, character };
}

function withLineFeeds(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function queryAt(
  document: vscode.TextDocument,
  position: vscode.Position,
  { explicit, selected }: { explicit: boolean; selected: vscode.SelectedCompletionInfo | undefined },
): CompletionQuery {
  const first = Math.max(0, Math.ceil((position.line - linesAbove) / lineStep) * lineStep);
  const text = (range: vscode.Range): string => withLineFeeds(document.getText(range));
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
  suggestion: Suggestion,
): vscode.InlineCompletionItem {
  const { text, left, right } = suggestion;
  const written = document.eol === vscode.EndOfLine.CRLF ? text.replaceAll('\n', '\r\n') : text;
  return new vscode.InlineCompletionItem(
    written,
    new vscode.Range(line, character - left, line, character + right),
    { command: ACCEPTED, title: '', arguments: [suggestion] },
  );
}
