/** Every connection that Chorus ever made, in a document that cannot be edited, the newest first. */

import * as vscode from 'vscode';
import { ledgerLines, readLedger } from '../fetch/ledger.ts';
import { ledgerFile } from '../fetch/settings.ts';
import { connectionsText } from './connections-text.ts';
import { registerTexts } from './text-documents.ts';

const scheme = 'chorus-connections';

export interface ConnectionsDocument extends vscode.Disposable {
  /** Chorus: Show Network Ledger */
  show(): Promise<void>;
}

/** `cache` is the folder of all that is fetched and built. */
export function registerConnectionsDocument(cache: string, offline: () => boolean): ConnectionsDocument {
  const uri = vscode.Uri.from({ scheme, path: '/Chorus connections' });
  const documents = registerTexts(scheme, async () =>
    connectionsText(ledgerLines(await readLedger(ledgerFile(cache))), offline(), ledgerFile(cache)),
  );
  return {
    async show() {
      // One that is open already shows what was written since.
      documents.changed(uri);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
    },
    dispose: () => documents.dispose(),
  };
}
