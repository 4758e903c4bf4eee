/** What a place in an editor is for a completion: the text around it, what the file is called, and what to show of other files. */

import * as vscode from 'vscode';
import type { FileChunk } from '../protocol/engine.ts';
import { withLineFeeds } from '../text/line-feeds.ts';
import type { CompletionQuery } from './completion-query.ts';
import { fileNames } from './file-names.ts';

/** Pieces of other files for a document, the most useful first. */
export type ChunksFor = (document: vscode.TextDocument) => readonly FileChunk[];

/** The lines handed on, in steps so that their first line stays the same while the cursor moves a little. */
const linesAbove = 400;
const linesBelow = 100;
const lineStep = 100;

export function queryAt(
  document: vscode.TextDocument,
  position: vscode.Position,
  {
    explicit,
    selected,
    chunksFor,
  }: {
    readonly explicit: boolean;
    readonly selected: vscode.SelectedCompletionInfo | undefined;
    readonly chunksFor: ChunksFor;
  },
): CompletionQuery {
  const first = Math.max(0, Math.ceil((position.line - linesAbove) / lineStep) * lineStep);
  const text = (range: vscode.Range): string => withLineFeeds(document.getText(range));
  return {
    path: document.uri.path,
    languageId: document.languageId,
    ...fileNames(document.uri),
    explicit,
    chunks: () => chunksFor(document),
    read: () => ({
      before: cellsBefore(document) + text(new vscode.Range(first, 0, position.line, position.character)),
      after: text(new vscode.Range(position.line, position.character, position.line + linesBelow, 0)),
    }),
    selected: selected && {
      text: selected.text,
      left: position.character - selected.range.start.character,
      right: selected.range.end.character - position.character,
    },
  };
}

/** Of the cells before, in characters: as much as a prompt has room for. */
const MOST_CELLS = 4000;

/** The text of the notebook's cells above that are in the same language, as if they were one file; nothing outside of notebooks. */
function cellsBefore(document: vscode.TextDocument): string {
  if (document.uri.scheme !== 'vscode-notebook-cell') return '';
  for (const notebook of vscode.workspace.notebookDocuments) {
    const cells = notebook.getCells();
    const at = cells.findIndex((cell) => cell.document === document);
    if (at < 0) continue;
    const text = cells
      .slice(0, at)
      .filter((cell) => cell.document.languageId === document.languageId)
      .map((cell) => `${withLineFeeds(cell.document.getText()).trimEnd()}\n\n`)
      .join('');
    return text.slice(Math.max(0, text.length - MOST_CELLS));
  }
  return '';
}
