/** The statistics page in an editor's tab, and its two commands: into a file, and away. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Connection } from '../protocol/rpc.ts';
import type { StatisticsCalls, StatisticsEvents, StatisticsState } from '../protocol/statistics.ts';
import { servePages } from './pages.ts';
import { statisticsPage } from './statistics-page.ts';
import { dayOf, usageCsv } from './usage-rows.ts';
import type { UsageStore } from './usage-store.ts';
import { mediaFolder, webviewFiles, webviewOptions } from './webview-files.ts';

export interface StatisticsPanelOptions {
  readonly store: UsageStore;
  readonly now: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
  /** Forgets all that was counted. */
  readonly reset: () => Promise<void>;
}

/** While suggestions come, the page is told at most so often, in ms. */
const TELL_MS = 1000;

export function createStatisticsPanel(
  extension: vscode.Uri,
  { store, now, after, reset }: StatisticsPanelOptions,
): vscode.Disposable & { show(): void } {
  let panel: vscode.WebviewPanel | undefined;
  let page: Connection<StatisticsEvents> | undefined;
  let forget: (() => void) | undefined;

  const state = async (): Promise<StatisticsState> => ({ rows: await store.rows(), today: dayOf(now()) });
  const tell = async (): Promise<void> => {
    forget = undefined;
    if (panel?.visible) page?.tell('state', await state());
  };
  const open = (): vscode.WebviewPanel => {
    const made = vscode.window.createWebviewPanel(
      'chorus.statistics',
      t('Chorus Statistics'),
      vscode.ViewColumn.Active,
      webviewOptions(extension),
    );
    const listening = servePages<StatisticsCalls, StatisticsEvents>(
      made.webview,
      {
        ready: state,
        async save() {
          await save(await store.rows());
          return { kind: 'ok' };
        },
        async reset() {
          if (await isSure()) await reset();
          return { kind: 'ok' };
        },
      },
      (connection) => {
        page = connection;
      },
    );
    made.iconPath = vscode.Uri.joinPath(mediaFolder(extension), 'icons', 'chorus.png');
    made.onDidDispose(() => {
      listening.dispose();
      panel = undefined;
      page = undefined;
    });
    made.webview.html = statisticsPage(webviewFiles(made.webview, extension, 'statistics'));
    return made;
  };
  const watching = store.onChange(() => {
    // What cannot be read is in the log; the page stays as it is until it can.
    forget ??= after(TELL_MS, () => void tell().catch(() => {}));
  });
  return {
    show() {
      if (panel === undefined) panel = open();
      else panel.reveal();
    },
    dispose() {
      watching.dispose();
      forget?.();
      panel?.dispose();
    },
  };
}

async function isSure(): Promise<boolean> {
  const forgetAll = t('Reset');
  const chosen = await vscode.window.showWarningMessage(
    t('Forget all the statistics of Chorus on this machine? This cannot be undone.'),
    { modal: true },
    forgetAll,
  );
  return chosen === forgetAll;
}

/** JSON, or CSV where the file's name ends so. */
async function save(rows: Awaited<ReturnType<UsageStore['rows']>>): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = 'chorus-statistics.csv';
  const uri = await vscode.window.showSaveDialog({
    title: t('Export the Statistics of Chorus'),
    filters: { CSV: ['csv'], JSON: ['json'] },
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (uri === undefined) return;
  const isJson = uri.path.toLowerCase().endsWith('.json');
  const text = isJson ? `${JSON.stringify({ version: 1, rows }, undefined, 2)}\n` : usageCsv(rows);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
}
