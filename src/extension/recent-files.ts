/** Follows where the user reads and edits: pieces of other files for the experts to see. Nothing leaves memory, and secret files are left out. */

import * as vscode from 'vscode';
import type { FileChunk } from '../protocol/engine.ts';
import { withLineFeeds } from '../text/line-feeds.ts';
import { type RecentChunk, withChunk } from '../text/recent-chunks.ts';
import { fileNames } from './file-names.ts';

export interface RecentFiles extends vscode.Disposable {
  /** Pieces of other documents: what stands beside it first, then what was left last. */
  besides(document: vscode.TextDocument): readonly FileChunk[];
  /** Lets go of all pieces. */
  forget(): void;
}

/** Lines around the place where the user was. */
const LINES = 40;
/** A cursor that moves further has left a place. */
const FAR = 40;

/** Whether text of the file at this path may be shown to the experts. */
export type MayShow = (path: string, text: string) => boolean;

export interface RecentFilesOptions {
  /** Asked each time; while it is false nothing is followed. */
  readonly isWanted: () => boolean;
  /** Asked when a piece is kept and when it is shown: the user may name further secret files between. */
  readonly mayShow: MayShow;
}

export function followRecentFiles({ isWanted, mayShow }: RecentFilesOptions): RecentFiles {
  let chunks: readonly RecentChunk[] = [];
  let places = new WeakMap<vscode.TextDocument, number>();

  const isShown = ({ path, text }: RecentChunk): boolean => mayShow(path, text);
  const remember = (document: vscode.TextDocument, line: number): void => {
    if (!isWanted() || !isFile(document)) return;
    const piece = pieceOf(document, line);
    if (isShown(piece)) chunks = withChunk(chunks, piece);
  };
  let active = isWanted() ? vscode.window.activeTextEditor : undefined;
  const watching = vscode.Disposable.from(
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (active !== undefined && !active.document.isClosed)
        remember(active.document, active.selection.active.line);
      if (!isWanted()) active = undefined;
      else if (editor !== undefined) active = editor;
    }),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor: { document }, selections }) => {
      const line = selections[0]?.active.line;
      const before = places.get(document);
      if (line === undefined || !isWanted()) return;
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
        .map((editor) => pieceOf(editor.document, middleOf(editor)))
        .filter(isShown);
      const all = visible.reverse().reduce(withChunk, chunks.filter(isShown));
      return all.filter((chunk) => chunk.document !== name).map(({ file, text }) => ({ file, text }));
    },
    forget() {
      chunks = [];
      active = undefined;
      places = new WeakMap();
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
  const text = withLineFeeds(document.getText(new vscode.Range(first, 0, first + LINES, 0)));
  const { uri } = document;
  return { document: uri.toString(), path: uri.path, file: fileNames(uri).file, first, text };
}

function middleOf({ visibleRanges: [range] }: vscode.TextEditor): number {
  return range === undefined ? 0 : Math.floor((range.start.line + range.end.line) / 2);
}
