/** The tree of experts with a checkbox each: what takes part, in which state, on which device, with which weight. */

import * as vscode from 'vscode';
import type { ExpertState } from '../protocol/engine.ts';
import { describeRow, detailsOf, type ExpertRow } from './expert-rows.ts';
import { expertsViewId } from './names.ts';

export interface ExpertsViewDependencies {
  rows(): readonly ExpertRow[];
  readonly onDidChange: vscode.Event<unknown>;
  /** Takes the ids ticked now, in the tree's order. */
  choose(active: readonly string[]): Promise<void>;
}

export function registerExpertsView({
  rows,
  onDidChange,
  choose,
}: ExpertsViewDependencies): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const view = vscode.window.createTreeView<ExpertRow>(expertsViewId, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: (parent) => (parent === undefined ? [...rows()] : []),
      getTreeItem: itemOf,
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
  return vscode.Disposable.from(view, ticking, watching, changed);
}

function itemOf(row: ExpertRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.name);
  const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
  item.id = row.id;
  item.description = describeRow(row);
  item.tooltip = new vscode.MarkdownString(detailsOf(row), true);
  item.iconPath = iconOf(row.state);
  item.checkboxState = row.active ? Checked : Unchecked;
  item.accessibilityInformation = { label: `${row.name}, ${item.description}` };
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
