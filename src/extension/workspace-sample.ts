/** Text from the open workspace, to judge experts by. It goes to the engine on this machine and nowhere else. */

import * as vscode from 'vscode';
import { secretIn } from '../text/secrets.ts';
import { chooseFiles, excerptOf, SAMPLED_FILES, SKIPPED_FOLDERS } from './sample-choice.ts';
import type { IsSecretFile } from './secret-files.ts';

export interface SampledText {
  readonly name: string;
  readonly text: string;
}

const MOST_FILES = 32;
/** Of one file, in UTF-16 units. */
const MOST_TEXT = 2000;
const MOST_FILE_BYTES = 1_000_000;
const MOST_FOUND = 20_000;

/**
 * Unsaved text first, as it stands in the editor, then files of the workspace; without a workspace, all that is open. Secret files
 * are not read, and text that holds a key or a token is left out.
 */
export async function sampleWorkspace(
  token: vscode.CancellationToken,
  isSecretFile: IsSecretFile,
): Promise<SampledText[]> {
  const noFolder = (vscode.workspace.workspaceFolders ?? []).length === 0;
  const open = new Map(
    vscode.workspace.textDocuments
      .filter(
        (document) =>
          isText(document) &&
          !isSecretFile(document.uri.path) &&
          (noFolder || document.isDirty || document.isUntitled),
      )
      .map((document) => [document.uri.toString(), document.getText()]),
  );
  const found = await vscode.workspace.findFiles(SAMPLED_FILES, SKIPPED_FOLDERS, MOST_FOUND, token);
  const texts: SampledText[] = [];
  const add = (name: string, text: string | undefined): void => {
    if (text === undefined || text.trim() === '' || text.includes('\0') || secretIn(text)) return;
    texts.push({ name, text: excerptOf(text, MOST_TEXT) });
  };
  for (const [name, text] of open) add(name, text);
  // More than needed: some are too large, not readable, or no text.
  const files = chooseFiles(
    found.filter((uri) => !isSecretFile(uri.path)).map((uri) => uri.toString()),
    2 * MOST_FILES,
  );
  for (const name of files) {
    if (token.isCancellationRequested || texts.length >= MOST_FILES) break;
    if (!open.has(name)) add(name, await read(vscode.Uri.parse(name, true)));
  }
  return texts.slice(0, MOST_FILES);
}

/** What a person writes: on a disk, in an unsaved editor or in a virtual workspace, but no panel's or setting's text. */
function isText({ uri }: vscode.TextDocument): boolean {
  const isOurs = uri.scheme.startsWith('chorus-');
  const isPanel = ['output', 'debug', 'git', 'vscode', 'comment', 'vscode-settings'].includes(uri.scheme);
  return !isOurs && !isPanel;
}

async function read(uri: vscode.Uri): Promise<string | undefined> {
  try {
    if ((await vscode.workspace.fs.stat(uri)).size > MOST_FILE_BYTES) return undefined;
    return new TextDecoder('utf-8', { fatal: true }).decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    // Gone since it was found, not ours to read, or not UTF-8: another one stands for it.
    return undefined;
  }
}
