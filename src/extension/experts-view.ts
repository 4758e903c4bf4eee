/** The tree of experts with a checkbox each: what takes part, in which state, on which device, with which weight. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { ExpertState } from '../protocol/engine.ts';
import { droppedPaths, dropTypes } from './dropped.ts';
import { describeRow, detailsOf, type ExpertRow } from './expert-rows.ts';
import { expertsViewId } from './names.ts';

export interface ExpertsViewDependencies {
  rows(): readonly ExpertRow[];
  readonly onDidChange: vscode.Event<unknown>;
  /** Takes the ids ticked now, in the tree's order. */
  choose(active: readonly string[]): Promise<void>;
  /** Takes the files and folders that were dropped onto the tree. */
  drop(paths: readonly string[]): Promise<unknown>;
}

export interface ExpertsView extends vscode.Disposable {
  /** The row that the keyboard is on. */
  selected(): ExpertRow | undefined;
}

export function registerExpertsView({
  rows,
  onDidChange,
  choose,
  drop,
}: ExpertsViewDependencies): ExpertsView {
  const changed = new vscode.EventEmitter<undefined>();
  const view = vscode.window.createTreeView<ExpertRow>(expertsViewId, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: (parent) => (parent === undefined ? [...rows()] : []),
      getTreeItem: itemOf,
    },
    dragAndDropController: {
      dropMimeTypes: dropTypes,
      dragMimeTypes: [],
      async handleDrop(_, transfer) {
        const { paths, others } = await droppedPaths(transfer, (address) => vscode.Uri.parse(address));
        if (paths.length > 0) await drop(paths);
        else if (others > 0) void vscode.window.showWarningMessage(withoutPath());
      },
    },
  });
  const ticking = view.onDidChangeCheckboxState(async ({ items }) => {
    const ticked = new Map(
      items.map(([row, state]) => [row.id, state === vscode.TreeItemCheckboxState.Checked] as const),
    );
    await choose(
      rows()
        .filter((row) => ticked.get(row.id) ?? row.active)
        .map(({ id }) => id),
    );
  });
  const watching = onDidChange(() => changed.fire(undefined));
  const all = vscode.Disposable.from(view, ticking, watching, changed);
  return { selected: () => view.selection[0], dispose: () => all.dispose() };
}

function withoutPath(): string {
  return t(
    'What was dropped has no path on the machine that Chorus runs on. Put the model there, and run "Chorus: Import a Model...".',
  );
}

function itemOf(row: ExpertRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.name);
  const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
  item.id = row.id;
  item.contextValue = `expert.${row.origin}`;
  item.description = describeRow(row);
  item.tooltip = new vscode.MarkdownString(detailsOf(row), true);
  item.iconPath = iconOf(row.state);
  item.checkboxState = row.active ? Checked : Unchecked;
  item.accessibilityInformation = { label: t('{0}, {1}', row.name, item.description) };
  return item;
}

function iconOf(state: ExpertState): vscode.ThemeIcon {
  switch (state.kind) {
    case 'off':
    case 'unloaded':
      return new vscode.ThemeIcon('circle-outline');
    case 'loading':
      return new vscode.ThemeIcon('loading~spin');
    case 'ready':
      return new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('charts.green'));
    case 'failed':
      return new vscode.ThemeIcon('error', new vscode.ThemeColor('errorForeground'));
    default:
      return state satisfies never;
  }
}
