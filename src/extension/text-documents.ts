/** Texts of Chorus as documents that cannot be edited. */

import * as vscode from 'vscode';

export interface TextDocuments extends vscode.Disposable {
  /** The editor asks for the text anew where it is open. */
  changed(uri: vscode.Uri): void;
}

/** `textOf` gives what the document at an address of this scheme says now. */
export function registerTexts(
  scheme: string,
  textOf: (uri: vscode.Uri) => string | Promise<string>,
): TextDocuments {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const registered = vscode.workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changed.event,
    provideTextDocumentContent: textOf,
  });
  return {
    changed: (uri) => changed.fire(uri),
    dispose: () => vscode.Disposable.from(registered, changed).dispose(),
  };
}
