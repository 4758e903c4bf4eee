/** Ghost text: hands the text around the cursor to the completion session and its suggestion to the editor. */

import * as vscode from 'vscode';
import type { Acceptance, TextPlace } from './acceptance.ts';
import type { CompletionSession, Suggestion } from './completion-session.ts';
import { type ChunksFor, queryAt, withLineFeeds } from './editor-query.ts';

/** Run by the editor when a suggestion was accepted; not in the palette. */
const ACCEPTED = 'chorus.suggestionAccepted';

export function registerInlineCompletions(
  session: CompletionSession,
  acceptance: Acceptance,
  chunksFor: ChunksFor,
): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerInlineCompletionItemProvider(
      { pattern: '**' },
      provider(session, acceptance, chunksFor),
    ),
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

function provider(
  session: CompletionSession,
  acceptance: Acceptance,
  chunksFor: ChunksFor,
): vscode.InlineCompletionItemProvider {
  return {
    async provideInlineCompletionItems(document, position, { triggerKind, selectedCompletionInfo }, token) {
      if (token.isCancellationRequested) return undefined;
      const explicit = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
      const query = queryAt(document, position, { explicit, selected: selectedCompletionInfo, chunksFor });
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
