/** Choosing experts, weights and a mix in the quick pick. What is chosen goes to the settings, and from there in force. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { CatalogMix } from '../models/catalog.ts';
import { toFailure } from '../protocol/failure.ts';
import { describeRow, type ExpertRow } from './expert-rows.ts';
import { weightEverywhere } from './experts.ts';
import { failureText } from './failure-text.ts';
import { type ReadyMix, readyMixes } from './ready-mixes.ts';
import { freeName, mixInForce, savedMixes, withMix, withoutMix } from './saved-mixes.ts';
import { MOST_WEIGHT, type SettingName, type SettingValue, type SettingValues } from './setting-rules.ts';
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
    title: t('Chorus: Choose Experts'),
    placeHolder: t('The experts that take part in every token'),
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
      title: t('Chorus: Set Weights'),
      placeHolder: t('The expert whose weight to set; only the ratios of the weights count'),
    });
    if (chosen === undefined) return;
    const { id, name, weight } = chosen.row;
    const written = await vscode.window.showInputBox({
      title: t('Weight of {0}', name),
      value: String(weight),
      prompt: t('A number from 0 to 1000000; 0 leaves the expert out of the mix.'),
      validateInput: (text) =>
        parseWeight(text) === undefined ? t('Write a number from 0 to 1000000, such as 0.9.') : undefined,
    });
    const parsed = written === undefined ? undefined : parseWeight(written);
    if (parsed === undefined) continue;
    await writeAll(settings, weightEverywhere(settings.current().values, id, parsed));
  }
}

/** What the mixes of the catalogue need of it. */
export interface MixModels {
  /** What would have to be fetched, `2.1 GB`; empty where all is there. */
  missing(mix: CatalogMix): Promise<string>;
  /** Whether its experts can be chosen now. */
  prepare(mix: CatalogMix): Promise<boolean>;
}

/** The mixes that come along and those that were saved; a button beside each makes a copy of it, another takes a saved one away. */
export async function chooseMix(settings: SettingsStore, store: MixModels): Promise<void> {
  const { values } = settings.current();
  const copy = { iconPath: new vscode.ThemeIcon('copy'), tooltip: t('Save a copy under another name') };
  const remove = { iconPath: new vscode.ThemeIcon('trash'), tooltip: t('Delete this saved mix') };
  const pick = vscode.window.createQuickPick<ReadyMix & vscode.QuickPickItem>();
  pick.title = t('Chorus: Choose Mix');
  pick.placeholder = t('Now: {0} pool, {1} weighting', values['mix.pool'], values['mix.weighting']);
  pick.matchOnDetail = true;
  const sizes = new Map<string, string>();
  const list = (): void => {
    const saved = savedMixes(settings.current().values);
    pick.items = [
      ...saved.map((mix) => ({
        ...mix,
        iconPath: new vscode.ThemeIcon('bookmark'),
        buttons: [copy, remove],
      })),
      ...readyMixes().map((mix) => {
        const size = sizes.get(mix.label) ?? '';
        return {
          ...mix,
          buttons: [copy],
          ...(size !== '' && { description: t('to be fetched: {0}', size) }),
        };
      }),
    ];
  };
  list();
  // Looks at the disk, which nobody should wait for.
  void Promise.all(
    readyMixes().map(async ({ label, mix }) => {
      if (mix !== undefined) sizes.set(label, await store.missing(mix));
    }),
  ).then(list, () => {});
  const done = new Promise<ReadyMix | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]));
    pick.onDidHide(() => resolve(undefined));
    const press = async ({
      item,
      button,
    }: vscode.QuickPickItemButtonEvent<ReadyMix & vscode.QuickPickItem>) => {
      if (button === copy) {
        resolve(undefined);
        await saveMix(settings, item);
        return;
      }
      await writeAll(settings, withoutMix(settings.current().values, item.label));
      list();
    };
    pick.onDidTriggerItemButton((event) => void press(event).catch(tellUnwritten));
  });
  pick.show();
  const chosen = await done;
  pick.dispose();
  if (chosen === undefined) return;
  if (chosen.mix === undefined || (await store.prepare(chosen.mix))) await writeAll(settings, chosen.sets);
}

/** Keeps `mix`, or the one in force, under a name; a mix that leaves something out is saved as it would be in force. */
export async function saveMix(settings: SettingsStore, mix?: ReadyMix): Promise<void> {
  const saved = settings.current().values['mix.saved'];
  const written = await vscode.window.showInputBox({
    title: t('Chorus: Save Mix'),
    value: mix === undefined ? '' : freeName(mix.label, Object.keys(saved)),
    prompt: t('The name of the mix; "Chorus: Choose Mix" lists it'),
    validateInput: (text) => (text.trim() === '' ? t('Write a name.') : undefined),
  });
  const name = written?.trim();
  if (name === undefined) return;
  if (Object.hasOwn(saved, name)) {
    const replace = t('Replace');
    const question = t('There is a mix called {0} already.', name);
    if ((await vscode.window.showWarningMessage(question, { modal: true }, replace)) !== replace) return;
  }
  const { values } = settings.current();
  await writeAll(settings, withMix(values, name, { ...mixInForce(values), ...mix?.sets }));
}

/** Writes each setting that is named, one after the other. */
export async function writeAll(settings: SettingsStore, sets: Partial<SettingValues>): Promise<void> {
  const write = <N extends SettingName>(name: N): Promise<void> => {
    const value: SettingValue<N> | undefined = sets[name];
    return value === undefined ? Promise.resolve() : settings.write(name, value);
  };
  for (const name of Object.keys(sets) as SettingName[]) await write(name);
}

/** For what is written without a command that would fail visibly. */
export function tellUnwritten(thrown: unknown): void {
  const sentence = t(
    'The settings could not be written, so this change is lost: {0}',
    failureText(toFailure(thrown)),
  );
  void vscode.window.showWarningMessage(sentence);
}

function parseWeight(text: string): number | undefined {
  const weight = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
  return weight >= 0 && weight <= MOST_WEIGHT ? weight : undefined;
}
