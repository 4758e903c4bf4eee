/** Follows where the user reads and edits: pieces of other files for the experts to see. Nothing leaves memory, and secret files are left out. */

import * as vscode from 'vscode';
import type { FileChunk } from '../protocol/engine.ts';
import { type RecentChunk, withChunk } from '../text/recent-chunks.ts';
import { fileNames } from './file-names.ts';

export interface RecentFiles extends vscode.Disposable {
  /** Pieces of other documents: what stands beside it first, then what was left last. */
  besides(document: vscode.TextDocument): readonly FileChunk[];
}

/** Lines around the place where the user was. */
const LINES = 40;
/** A cursor that moves further has left a place. */
const FAR = 40;

/** Whether text of the file at this path may be shown to the experts. */
export type MayShow = (path: string, text: string) => boolean;

export function followRecentFiles(mayShow: MayShow): RecentFiles {
  let chunks: readonly RecentChunk[] = [];
  const places = new WeakMap<vscode.TextDocument, number>();

  const remember = (document: vscode.TextDocument, line: number): void => {
    if (!isFile(document)) return;
    const piece = pieceOf(document, line);
    if (mayShow(document.uri.path, piece.text)) chunks = withChunk(chunks, piece);
  };
  let active = vscode.window.activeTextEditor;
  const watching = vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (active !== undefined && !active.document.isClosed)
        remember(active.document, active.selection.active.line);
      if (editor !== undefined) active = editor;
    }),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor: { document }, selections }) => {
      const line = selections[0]?.active.line;
      const before = places.get(document);
      if (line === undefined) return;
      places.set(document, line);
      if (before !== undefined && Math.abs(line - before) > FAR) remember(document, before);
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      const line = places.get(document);
      if (line !== undefined) remember(document, line);
    }),
  );

  return {
    besides(document) {
      const name = document.uri.toString();
      const visible = vscode.window.visibleTextEditors
        .filter((editor) => editor.document !== document && isFile(editor.document))
        .map((editor) => ({
          path: editor.document.uri.path,
          piece: pieceOf(editor.document, middleOf(editor)),
        }))
        .filter(({ path, piece }) => mayShow(path, piece.text))
        .map(({ piece }) => piece);
      const all = [...visible].reverse().reduce(withChunk, chunks);
      return all.filter((chunk) => chunk.document !== name).map(({ file, text }) => ({ file, text }));
    },
    dispose: () => watching.dispose(),
  };
}

/** What a person writes, not a panel, a log or another version of a file. */
function isFile({ uri: { scheme } }: vscode.TextDocument): boolean {
  return ['file', 'untitled', 'vscode-remote', 'vscode-vfs', 'vscode-notebook-cell'].includes(scheme);
}

function pieceOf(document: vscode.TextDocument, line: number): RecentChunk {
  const first = Math.max(0, line - LINES / 2);
  const text = document.getText(new vscode.Range(first, 0, first + LINES, 0)).replaceAll('\r\n', '\n');
  return { document: document.uri.toString(), file: fileNames(document.uri).file, first, text };
}

function middleOf({ visibleRanges: [range] }: vscode.TextEditor): number {
  return range === undefined ? 0 : Math.floor((range.start.line + range.end.line) / 2);
}
