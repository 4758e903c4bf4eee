/** What takes long, under a notification that shows how far it is and can end it. */

import * as vscode from 'vscode';

/** Shows a message and, where `done` is given, how far it is altogether, from 0 to 1. */
export type ShowProgress = (message: string, done?: number) => void;

export function withCancellableProgress<T>(
  title: string,
  run: (token: vscode.CancellationToken, show: ShowProgress) => Thenable<T>,
): Thenable<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, token) => {
    let shown = 0;
    return run(token, (message, done) => {
      progress.report({ message, ...(done !== undefined && { increment: 100 * (done - shown) }) });
      shown = done ?? shown;
    });
  });
}
