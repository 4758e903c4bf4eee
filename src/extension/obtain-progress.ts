/** A model on its way, with its progress as a notification that cancels it. */

import * as vscode from 'vscode';
import type { ObtainOutcome, ObtainProgress, ObtainRequest } from '../protocol/obtain.ts';
import type { CallOptions } from '../protocol/rpc.ts';
import { overall } from './fetch-offer.ts';

export type Obtain = (request: ObtainRequest, options: CallOptions<ObtainProgress>) => Promise<ObtainOutcome>;

/** `name` is that of the model. */
export function obtainWithProgress(
  name: string,
  request: ObtainRequest,
  obtain: Obtain,
): Thenable<ObtainOutcome> {
  const progressOptions = {
    location: vscode.ProgressLocation.Notification,
    title: `Chorus: ${name}`,
    cancellable: true,
  };
  return vscode.window.withProgress(progressOptions, (progress, token) => {
    const cancel = new AbortController();
    token.onCancellationRequested(() => cancel.abort());
    let shown = 0;
    const onUpdate = (update: ObtainProgress): void => {
      // A second source begins anew; the bar waits for it.
      const now = Math.max(shown, request.kind === 'fetch' ? overall(update) : update.fraction);
      const percent = update.stage === 'converting' ? `, ${Math.floor(100 * update.fraction)} %` : '';
      progress.report({ message: `${update.text}${percent}`, increment: 100 * (now - shown) });
      shown = now;
    };
    return obtain(request, { signal: cancel.signal, onUpdate });
  });
}
