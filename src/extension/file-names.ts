/** What a document is called towards the experts. */

import { posix } from 'node:path';
import * as vscode from 'vscode';

/** The file's path in its workspace folder, and that folder's name; elsewhere its name alone. */
export function fileNames(uri: vscode.Uri): {
  readonly file: string;
  readonly repository: string | undefined;
} {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder === undefined) return { file: posix.basename(uri.path), repository: undefined };
  return { file: posix.relative(folder.uri.path, uri.path), repository: folder.name };
}
