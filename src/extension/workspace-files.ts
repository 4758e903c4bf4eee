/** Which files of the workspace a question can mention, for completing a path as it is typed. */

import * as vscode from 'vscode';
import { rankPaths } from '../text/rank-paths.ts';

/** Files that are looked at; the path of any other can still be typed. */
const MOST_FILES = 10_000;
const MOST_SHOWN = 20;

/** In milliseconds: typing a path asks once. */
const FRESH = 15_000;

export function createWorkspaceFiles(
  isSecretFile: (path: string) => boolean,
): (query: string) => Promise<readonly string[]> {
  let known: { readonly at: number; readonly paths: Promise<readonly string[]> } | undefined;

  const list = async (): Promise<readonly string[]> => {
    const found = await vscode.workspace.findFiles(
      '**/*',
      '**/{node_modules,.git,dist,out,build,target,__pycache__,.venv}/**',
      MOST_FILES,
    );
    return found
      .filter(({ path }) => !isSecretFile(path))
      .map((uri) => vscode.workspace.asRelativePath(uri))
      .toSorted((one, other) => one.length - other.length);
  };

  return async (query) => {
    const now = Date.now();
    if (known === undefined || now - known.at > FRESH) known = { at: now, paths: list() };
    const paths = await known.paths;
    // What is open comes first.
    const open = openPaths().filter((path) => paths.includes(path));
    return rankPaths([...new Set([...open, ...paths])], query, MOST_SHOWN);
  };
}

function openPaths(): string[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) =>
      input instanceof vscode.TabInputText ? [vscode.workspace.asRelativePath(input.uri)] : [],
    );
}
