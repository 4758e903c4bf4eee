/** The commands that put suggestions off: for a while, or for one language. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { SettingsStore } from './settings.ts';
import type { Snooze } from './snooze.ts';

/** Asks how long; nothing happens where the list is closed. */
export async function snoozeFor(snooze: Snooze): Promise<void> {
  const choices: readonly { readonly label: string; readonly minutes: number | 'restart' }[] = [
    { label: t('5 minutes'), minutes: 5 },
    { label: t('15 minutes'), minutes: 15 },
    { label: t('1 hour'), minutes: 60 },
    { label: t('Until the window is opened anew'), minutes: 'restart' },
  ];
  const chosen = await vscode.window.showQuickPick([...choices], {
    title: t('Chorus: Snooze Suggestions'),
    placeHolder: t('How long no suggestions appear by themselves'),
  });
  if (chosen !== undefined) snooze.start(chosen.minutes);
}

/** Turns suggestions off, or on again, for the language of the active editor, and says so. */
export async function toggleLanguage(settings: SettingsStore): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) {
    void vscode.window.showInformationMessage(t('Open a file first: its language is the one to switch.'));
    return;
  }
  const languages = settings.current().values['completion.languages'];
  const isOn = languages[language] === false;
  await settings.write('completion.languages', { ...languages, [language]: isOn });
  void vscode.window.showInformationMessage(
    isOn
      ? t('Suggestions are on for {0}.', language)
      : t('Suggestions are off for {0}. The same command turns them on again.', language),
  );
}
