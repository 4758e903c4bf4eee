/** Reads what a question mentions: a file of the workspace, the selection, the problems of the open file, the terminal's selection. */

import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Mention } from '../text/mentions.ts';
import type { Source } from './attach.ts';
import { copiedText } from './copied-text.ts';
import { fileNames } from './file-names.ts';

/** In bytes; of a longer file the experts could read a thousandth. */
const LARGEST_FILE = 2_000_000;

const MOST_PROBLEMS = 50;

/** Never rejects. */
export async function sourceOf(mention: Mention): Promise<Source> {
  switch (mention.kind) {
    case 'file':
      return fileSource(mention.path);
    case 'selection':
      return selectionSource();
    case 'problems':
      return problemsSource();
    case 'terminal':
      return terminalSource();
    default:
      return mention satisfies never;
  }
}

function refused(name: string, reason: string): Source {
  return { kind: 'refused', name, reason };
}

async function fileSource(path: string): Promise<Source> {
  const normal = posix.normalize(path.replaceAll('\\', '/'));
  if (normal.startsWith('..') || posix.isAbsolute(normal) || /^[a-z][a-z0-9+.-]*:/i.test(normal))
    return refused(path, t('{0} is not a path inside this workspace.', path));
  for (const uri of placesOf(normal)) {
    try {
      const { type, size } = await vscode.workspace.fs.stat(uri);
      if ((type & vscode.FileType.File) === 0) return refused(path, t('{0} is a folder, not a file.', path));
      if (size > LARGEST_FILE) return refused(path, t('{0} is too large: at most 2 MB are read.', path));
    } catch {
      continue;
    }
    try {
      // As it stands in the editor, where it is open there.
      const document = await vscode.workspace.openTextDocument(uri);
      return {
        kind: 'text',
        name: normal,
        path: uri.path,
        text: document.getText(),
        language: document.languageId,
        keep: 'start',
      };
    } catch {
      return refused(path, t('{0} cannot be read as text.', path));
    }
  }
  return refused(path, t('There is no file {0} in this workspace.', path));
}

/** In each folder of the workspace, and where several are open also by the folder's name. */
function placesOf(path: string): vscode.Uri[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const named = folders
    .filter(({ name }) => path.startsWith(`${name}/`))
    .map(({ uri, name }) => vscode.Uri.joinPath(uri, path.slice(name.length + 1)));
  return [...(folders.length > 1 ? named : []), ...folders.map(({ uri }) => vscode.Uri.joinPath(uri, path))];
}

function selectionSource(): Source {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.selection.isEmpty)
    return refused('@selection', t('Nothing is selected in the active editor.'));
  const { document, selection } = editor;
  const [first, last] = [selection.start.line + 1, selection.end.line + 1];
  const { file } = fileNames(document.uri);
  return {
    kind: 'text',
    name: first === last ? `${file}:${first}` : `${file}:${first}-${last}`,
    path: document.uri.path,
    text: document.getText(selection),
    language: document.languageId,
    keep: 'start',
  };
}

function problemsSource(): Source {
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined) return refused('@problems', t('No file is open whose problems could be read.'));
  const { file } = fileNames(document.uri);
  const problems = vscode.languages
    .getDiagnostics(document.uri)
    .toSorted((one, other) => one.severity - other.severity)
    .slice(0, MOST_PROBLEMS);
  if (problems.length === 0) return refused('@problems', t('The editor found no problem in {0}.', file));
  const kinds = ['error', 'warning', 'information', 'hint'];
  const text = problems
    .map(({ severity, message, range: { start } }) => {
      const code = start.line < document.lineCount ? document.lineAt(start.line).text.trim() : '';
      return `line ${start.line + 1}: ${kinds[severity] ?? 'problem'}: ${message.replace(/\s+/g, ' ')}\n    ${code}`;
    })
    .join('\n');
  // For the experts, who read English best.
  return {
    kind: 'text',
    name: `problems of ${file}`,
    path: document.uri.path,
    text,
    language: '',
    keep: 'start',
  };
}

/**
 * The stable API gives no text of a terminal, so its selection goes through the clipboard, whose text is put back. What else
 * the clipboard held, a picture for instance, is lost.
 */
async function terminalSource(): Promise<Source> {
  const name = 'terminal output';
  if (vscode.window.activeTerminal === undefined) return refused('@terminal', t('No terminal is open.'));
  try {
    const copy = (): Thenable<unknown> =>
      vscode.commands.executeCommand('workbench.action.terminal.copySelection');
    const text = await copiedText(vscode.env.clipboard, copy);
    if (text.trim() === '')
      return refused('@terminal', t('Nothing is selected in the terminal. Select there what you ask about.'));
    return { kind: 'text', name, text, language: '', keep: 'end' };
  } catch {
    return refused(
      '@terminal',
      t('The terminal was not read: its selection goes through the clipboard, which cannot be used here.'),
    );
  }
}
