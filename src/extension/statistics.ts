/** Statistics, wired: the counts on this machine, what is counted, and the page that shows it. Nothing of it leaves the machine. */

import * as vscode from 'vscode';
import type { Surface } from '../protocol/engine.ts';
import { after } from './after.ts';
import { createRetention } from './retention.ts';
import { type Generate, measured } from './speed.ts';
import { createStatisticsPanel } from './statistics-panel.ts';
import { createSuggestionUse, type SuggestionUse } from './suggestion-use.ts';
import { usageFile } from './usage-file.ts';
import { createUsageStore } from './usage-store.ts';

export interface Statistics extends vscode.Disposable {
  readonly use: SuggestionUse;
  /** The same, with each answer's speed counted for the experts that take part. */
  measured(generate: Generate, experts: (surface: Surface) => readonly string[]): Generate;
  /** Opens the page, or brings it to the front. */
  show(): void;
}

export function registerStatistics(
  { extensionUri, globalStorageUri }: vscode.ExtensionContext,
  log: (text: string) => void,
): Statistics {
  const store = createUsageStore({
    file: usageFile(globalStorageUri.fsPath, log),
    now: Date.now,
    after,
    log,
  });
  const retention = createRetention({
    after,
    textAt(uri, { start, end }) {
      const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri);
      return document?.getText(new vscode.Range(document.positionAt(start), document.positionAt(end)));
    },
  });
  const panel = createStatisticsPanel(extensionUri, {
    store,
    now: Date.now,
    after,
    async reset() {
      retention.clear();
      await store.clear();
    },
  });
  return {
    use: createSuggestionUse({ retention, count: store.count }),
    measured: (generate, experts) => measured(generate, experts, store.count),
    show: panel.show,
    dispose() {
      panel.dispose();
      retention.clear();
      store.dispose();
    },
  };
}
