/** Choosing experts, weights and a mix in the quick pick. What is chosen goes to the settings, and from there in force. */

import * as vscode from 'vscode';
import { tinyIds } from '../models/tiny.ts';
import { describeRow, type ExpertRow } from './expert-rows.ts';
import { weightEverywhere } from './experts.ts';
import { readyMixes } from './ready-mixes.ts';
import type { SettingName, SettingValue, SettingValues } from './setting-rules.ts';
import type { SettingsStore } from './settings.ts';

type Rows = () => readonly ExpertRow[];

export async function chooseExperts(settings: SettingsStore, rows: Rows): Promise<void> {
  const items = rows().map((row) => ({
    label: row.name,
    description: describeRow(row),
    picked: row.active,
    id: row.id,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    title: 'Chorus: Choose Experts',
    placeHolder: 'The experts that take part in every token',
  });
  if (chosen === undefined) return;
  await settings.write(
    'experts.active',
    chosen.map(({ id }) => id),
  );
}

/** Asks for one weight after the other until the list is closed. */
export async function setWeights(settings: SettingsStore, rows: Rows): Promise<void> {
  for (;;) {
    const items = rows().map((row) => ({ label: row.name, description: describeRow(row), row }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: 'Chorus: Set Weights',
      placeHolder: 'The expert whose weight to set; only the ratios of the weights count',
    });
    if (chosen === undefined) return;
    const { id, name, weight } = chosen.row;
    const written = await vscode.window.showInputBox({
      title: `Weight of ${name}`,
      value: String(weight),
      prompt: 'A number of at least 0; 0 leaves the expert out of the mix.',
      validateInput: (text) =>
        parseWeight(text) === undefined ? 'Write a number of at least 0, such as 0.9.' : undefined,
    });
    const parsed = written === undefined ? undefined : parseWeight(written);
    if (parsed === undefined) continue;
    await writeAll(settings, weightEverywhere(settings.current().values, id, parsed));
  }
}

export async function chooseMix(settings: SettingsStore): Promise<void> {
  const { values, experts } = settings.current();
  const hasTiny = experts.some(({ id }) => id === tinyIds.base);
  const chosen = await vscode.window.showQuickPick([...readyMixes(hasTiny)], {
    title: 'Chorus: Choose Mix',
    placeHolder: `Now: ${values['mix.pool']} pool, ${values['mix.weighting']} weighting`,
    matchOnDetail: true,
  });
  if (chosen === undefined) return;
  await writeAll(settings, chosen.sets);
}

/** Writes each setting that is named, one after the other. */
export async function writeAll(settings: SettingsStore, sets: Partial<SettingValues>): Promise<void> {
  const write = <N extends SettingName>(name: N): Promise<void> => {
    const value: SettingValue<N> | undefined = sets[name];
    return value === undefined ? Promise.resolve() : settings.write(name, value);
  };
  for (const name of Object.keys(sets) as SettingName[]) await write(name);
}

function parseWeight(text: string): number | undefined {
  const weight = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
  return Number.isFinite(weight) && weight >= 0 ? weight : undefined;
}
