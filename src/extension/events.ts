/** The editor's events made of others. */

import * as vscode from 'vscode';
import type { Subscription } from './listeners.ts';

/** Fires, without a value, when any of `sources` calls back. Disposing it lets go of them. */
export function eventOf(
  ...sources: readonly ((listener: () => void) => Subscription)[]
): { readonly event: vscode.Event<undefined> } & vscode.Disposable {
  const emitter = new vscode.EventEmitter<undefined>();
  const watching = sources.map((listen) => listen(() => emitter.fire(undefined)));
  return { event: emitter.event, dispose: () => vscode.Disposable.from(...watching, emitter).dispose() };
}
