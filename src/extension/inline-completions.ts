/** Ghost text: hands the text around the cursor to the completion session and its suggestion to the editor. */

import * as vscode from 'vscode';
import { withLineFeeds } from '../text/line-feeds.ts';
import type { Offer, TextPlace } from './acceptance.ts';
import type { CompletionSession, Suggestion } from './completion-session.ts';
import { type ChunksFor, queryAt } from './editor-query.ts';
import type { SuggestionSource, SuggestionUse } from './suggestion-use.ts';

/** Run by the editor when a suggestion was accepted; not in the palette. */
const ACCEPTED = 'chorus.suggestionAccepted';
const TAKEN = 'chorus.suggestionTaken';
/** Where questions to the editor's own chat are typed: an editor too, but no file, and it has suggestions of its own. */
const chatInputs = ['chatSessionInput', 'sessions-chat'];

export interface InlineCompletionOptions {
  readonly session: CompletionSession;
  /** What becomes of the suggestions. */
  readonly use: SuggestionUse;
  readonly chunksFor: ChunksFor;
  /** The ids of the experts that take part. */
  readonly experts: () => readonly string[];
}

export function registerInlineCompletions(options: InlineCompletionOptions): vscode.Disposable {
  const { session, use } = options;
  return vscode.Disposable.from(
    vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, provider(options)),
    vscode.commands.registerCommand(ACCEPTED, (suggestion: Suggestion, offer: Offer<SuggestionSource>) => {
      use.accepted(offer, suggestion.text);
      session.accepted(suggestion);
      // Ends a step of the walkthrough.
      void vscode.commands.executeCommand('setContext', TAKEN, true);
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      use.changed(
        document.uri.toString(),
        contentChanges.map(({ range, rangeOffset, rangeLength, text }) => ({
          ...textPlace(document, range.start),
          start: rangeOffset,
          length: rangeLength,
          added: text.length,
          text: withLineFeeds(text),
        })),
      );
    }),
  );
}

function provider({
  session,
  use,
  chunksFor,
  experts,
}: InlineCompletionOptions): vscode.InlineCompletionItemProvider {
  return {
    async provideInlineCompletionItems(document, position, { triggerKind, selectedCompletionInfo }, token) {
      if (token.isCancellationRequested || chatInputs.includes(document.uri.scheme)) return undefined;
      const explicit = triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
      const query = queryAt(document, position, { explicit, selected: selectedCompletionInfo, chunksFor });
      const controller = new AbortController();
      const cancelling = token.onCancellationRequested(() => controller.abort());
      try {
        const suggestions = await session.suggest(query, controller.signal);
        const [first] = suggestions;
        if (first === undefined || controller.signal.aborted) return undefined;
        const source = {
          language: document.languageId,
          experts: experts(),
          isKnown: ['cache', 'typed-ahead', 'prefetched'].includes(first.from),
        };
        const offer = use.shown(textPlace(document, position), first.text, source, first.left);
        return suggestions.map((suggestion) => itemAt(document, position, { suggestion, offer }));
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
  { suggestion, offer }: { readonly suggestion: Suggestion; readonly offer: Offer<SuggestionSource> },
): vscode.InlineCompletionItem {
  const { text, left, right } = suggestion;
  const written = document.eol === vscode.EndOfLine.CRLF ? text.replaceAll('\n', '\r\n') : text;
  return new vscode.InlineCompletionItem(
    written,
    new vscode.Range(line, character - left, line, character + right),
    { command: ACCEPTED, title: '', arguments: [suggestion, offer] },
  );
}
