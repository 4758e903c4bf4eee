/** The declarations behind a document's imports, asked of the editor's language servers when nobody waits for it. */

import * as vscode from 'vscode';
import type { FileChunk } from '../protocol/engine.ts';
import { importedNames, signatureAt } from '../text/signature.ts';
import { fileNames } from './file-names.ts';
import type { MayShow } from './recent-files.ts';

/** A language server that is still reading the project may take its time; what is there by then is taken. */
const PATIENCE_MS = 5000;
/** Of all signatures of one document, in characters. */
const MOST_TEXT = 3000;

/**
 * A piece for each file that declares something imported, in the order of the imports. Declarations outside the workspace are left out:
 * experts know popular libraries, and their types are long.
 */
export async function importedSignatures(
  document: vscode.TextDocument,
  mayShow: MayShow,
): Promise<readonly FileChunk[]> {
  const lines = document.getText(new vscode.Range(0, 0, 200, 0)).split(/\r?\n/);
  const over = Date.now() + PATIENCE_MS;
  const found = new Map<string, { readonly uri: vscode.Uri; readonly lines: Set<number> }>();
  for (const { line, character } of importedNames(lines)) {
    if (Date.now() > over || document.isClosed) break;
    const place = await declarationOf(document.uri, new vscode.Position(line, character));
    if (place === undefined || place.uri.toString() === document.uri.toString()) continue;
    if (vscode.workspace.getWorkspaceFolder(place.uri) === undefined) continue;
    if (place.uri.path.includes('/node_modules/')) continue;
    const key = place.uri.toString();
    const known = found.get(key) ?? { uri: place.uri, lines: new Set() };
    known.lines.add(place.line);
    found.set(key, known);
  }
  let left = MOST_TEXT;
  const chunks: FileChunk[] = [];
  for (const { uri, lines: at } of found.values()) {
    // By its path first: a secret file is not even read.
    if (!mayShow(uri.path, '')) continue;
    const all = await linesOf(uri);
    const text = [...at].map((line) => signatureAt(all, line)).join('\n\n');
    if (text.trim() === '' || text.length > left || !mayShow(uri.path, text)) continue;
    left -= text.length;
    chunks.push({ file: fileNames(uri).file, text });
  }
  return chunks;
}

interface Declared {
  readonly uri: vscode.Uri;
  readonly line: number;
}

async function declarationOf(uri: vscode.Uri, position: vscode.Position): Promise<Declared | undefined> {
  try {
    const found = await vscode.commands.executeCommand<readonly (vscode.Location | vscode.LocationLink)[]>(
      'vscode.executeDefinitionProvider',
      uri,
      position,
    );
    const [first] = found ?? [];
    if (first === undefined) return undefined;
    return 'targetUri' in first
      ? { uri: first.targetUri, line: first.targetRange.start.line }
      : { uri: first.uri, line: first.range.start.line };
  } catch {
    // No server knows this language, or it gave up.
    return undefined;
  }
}

/** As it stands in an editor, else on the disk: opening it as a document would tell every language server. */
async function linesOf(uri: vscode.Uri): Promise<readonly string[]> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  try {
    const text = open?.getText() ?? new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    return text.split(/\r?\n/);
  } catch {
    return [];
  }
}
