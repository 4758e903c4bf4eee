/**
 * What the experts are shown of other files while a document is edited. It is settled when the user comes to the document and when it
 * is saved, and stays the same between: a prompt whose head changed at every keystroke would be read anew at every keystroke.
 */

import * as vscode from 'vscode';
import type { FileChunk } from '../protocol/engine.ts';
import { importedSignatures } from './imported-signatures.ts';
import { followRecentFiles, type MayShow } from './recent-files.ts';

export interface FileContext extends vscode.Disposable {
  /** The most useful first. */
  chunksFor(document: vscode.TextDocument): readonly FileChunk[];
}

export interface FileContextOptions {
  /** Asked each time: the user may turn it off, and then nothing is followed or kept. */
  readonly isWanted: () => boolean;
  readonly mayShow: MayShow;
  /** When what either says may have changed. */
  readonly onDidChange: vscode.Event<unknown>;
}

const MOST_CHUNKS = 6;

export function createFileContext({ isWanted, mayShow, onDidChange }: FileContextOptions): FileContext {
  const recent = followRecentFiles({ isWanted, mayShow });
  let settled = new WeakMap<vscode.TextDocument, readonly FileChunk[]>();
  let imports = new WeakMap<vscode.TextDocument, readonly FileChunk[]>();

  const settle = (document: vscode.TextDocument): readonly FileChunk[] => {
    const signatures = imports.get(document) ?? [];
    const files = new Set(signatures.map(({ file }) => file));
    const others = recent.besides(document).filter(({ file }) => !files.has(file));
    const chunks = [...signatures, ...others].slice(0, MOST_CHUNKS);
    settled.set(document, chunks);
    return chunks;
  };
  const lookUp = async (document: vscode.TextDocument): Promise<void> => {
    const asked = imports;
    const found = await importedSignatures(document, mayShow);
    // The settings changed meanwhile: what was found may be what they hide.
    if (imports !== asked) return;
    imports.set(document, found);
    settle(document);
  };
  const watching = vscode.Disposable.from(
    recent,
    onDidChange(() => {
      settled = new WeakMap();
      imports = new WeakMap();
      if (!isWanted()) recent.forget();
    }),
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (editor !== undefined) settled.delete(editor.document);
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      if (isWanted() && settled.has(document)) void lookUp(document);
    }),
  );
  return {
    chunksFor(document) {
      if (!isWanted()) return [];
      const known = settled.get(document);
      if (known !== undefined) return known;
      void lookUp(document);
      return settle(document);
    },
    dispose: () => watching.dispose(),
  };
}
