/** The status bar item, right: state and experts at a glance, the reasons in its tooltip, the actions on a click. */

import * as vscode from 'vscode';
import { escapeMarkdown } from './markdown.ts';
import { commandId } from './names.ts';
import { type StatusInput, type StatusText, statusText } from './status-text.ts';

export function registerStatusBar(
  input: () => StatusInput,
  onDidChange: vscode.Event<unknown>,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('chorus.status', vscode.StatusBarAlignment.Right, 100);
  item.name = 'Chorus';
  item.command = commandId('showActions');
  const update = (): void => show(item, statusText(input()));
  update();
  item.show();
  return vscode.Disposable.from(item, onDidChange(update));
}

function show(item: vscode.StatusBarItem, { text, severity, paragraphs }: StatusText): void {
  item.text = text;
  item.tooltip = new vscode.MarkdownString(['**Chorus**', ...paragraphs.map(escapeMarkdown)].join('\n\n'));
  item.accessibilityInformation = { label: `Chorus: ${paragraphs.join(' ')}`, role: 'button' };
  item.backgroundColor = background(severity);
}

function background(severity: StatusText['severity']): vscode.ThemeColor | undefined {
  switch (severity) {
    case 'normal':
      return undefined;
    case 'warning':
      return new vscode.ThemeColor('statusBarItem.warningBackground');
    case 'error':
      return new vscode.ThemeColor('statusBarItem.errorBackground');
    default:
      return severity satisfies never;
  }
}
