/** The one place that reads and writes the settings under `chorus.*`. A bad value is logged once and its default used. */

import * as vscode from 'vscode';
import { type ExpertPlaces, fallbacksWith, type Mixture, mixtureOf } from './experts.ts';
import { checkSettings, type SettingName, type SettingValue, type SettingValues } from './setting-rules.ts';

export interface Settings extends Mixture {
  readonly values: SettingValues;
  /** Whether the user said which experts are active. */
  readonly expertsChosen: boolean;
}

export interface SettingsStore extends vscode.Disposable {
  current(): Settings;
  /** Looks anew at what was fetched. */
  refresh(): void;
  readonly onDidChange: vscode.Event<Settings>;
  /** In force in this window from now on, and written by a later `write` of the same name. */
  hold(sets: Partial<SettingValues>): void;
  /** Takes what was held out of force again, where nothing else was chosen since. */
  release(sets: Partial<SettingValues>): void;
  /** Writes where the user has the value already: in the workspace, otherwise for all windows. */
  write<N extends SettingName>(name: N, value: SettingValue<N>): Promise<void>;
}

/** `places` is asked whenever something may have changed. */
export function watchSettings(places: () => ExpertPlaces, warn: (problem: string) => void): SettingsStore {
  const changed = new vscode.EventEmitter<Settings>();
  const told = new Set<string>();
  /** What was chosen in this window and is still on its way to the settings file: in force at once. */
  const chosen = new Map<SettingName, unknown>();
  const read = (): Settings => {
    const settings = readSettings(places(), chosen);
    for (const problem of settings.problems) if (!told.has(problem)) warn(problem);
    told.clear();
    for (const problem of settings.problems) told.add(problem);
    return settings;
  };
  let settings = read();
  const renew = (): void => {
    settings = read();
    changed.fire(settings);
  };
  const hold = (sets: Partial<SettingValues>): void => {
    for (const [name, value] of Object.entries(sets)) chosen.set(name as SettingName, value);
    renew();
  };
  const release = (sets: Partial<SettingValues>): void => {
    for (const [name, value] of Object.entries(sets))
      if (chosen.get(name as SettingName) === value) chosen.delete(name as SettingName);
    renew();
  };
  const watching = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration('chorus')) renew();
  });
  return {
    current: () => settings,
    refresh: renew,
    onDidChange: changed.event,
    hold,
    release,
    async write(name, value) {
      const section = vscode.workspace.getConfiguration('chorus');
      const inWorkspace = section.inspect(name)?.workspaceValue !== undefined;
      const { Workspace, Global } = vscode.ConfigurationTarget;
      const sets: Partial<SettingValues> = { [name]: value };
      hold(sets);
      try {
        await section.update(name, value, inWorkspace ? Workspace : Global);
      } finally {
        release(sets);
      }
    },
    dispose() {
      watching.dispose();
      changed.dispose();
    },
  };
}

function readSettings(places: ExpertPlaces, chosen: ReadonlyMap<string, unknown>): Settings {
  const section = vscode.workspace.getConfiguration('chorus');
  const written = (name: SettingName): unknown => {
    const found = section.inspect(name);
    const values = [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue];
    return values.some((value) => value !== undefined) ? section.get(name) : undefined;
  };
  const raw = (name: SettingName): unknown => (chosen.has(name) ? chosen.get(name) : written(name));
  const { values, problems } = checkSettings(raw, fallbacksWith(places));
  const mixture = mixtureOf(places, values);
  const expertsChosen = raw('experts.active') !== undefined;
  return { ...mixture, values, expertsChosen, problems: [...problems, ...mixture.problems] };
}
