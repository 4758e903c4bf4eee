/** The token of the hub: kept where the editor keeps secrets, for the origin that it was given for, and nowhere else. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { HubToken } from '../protocol/obtain.ts';
import { hubTokenOf, isToken } from './kept-token.ts';

export interface HubTokens {
  /** Undefined where none was given for the hub of the settings. */
  current(): Promise<HubToken | undefined>;
  /** Chorus: Set Hub Token... */
  set(): Promise<void>;
  /** Chorus: Remove Hub Token */
  remove(): Promise<void>;
}

const KEY = 'chorus.hubToken';

/** `hub` is the address that is in force; it may throw where the setting is none. */
export function createHubTokens(secrets: vscode.SecretStorage, hub: () => string): HubTokens {
  const origin = (): string => new URL(hub()).origin;
  return {
    async current() {
      const token = hubTokenOf(await secrets.get(KEY));
      return token?.origin === origin() ? token : undefined;
    },
    async set() {
      const where = origin();
      const written = await vscode.window.showInputBox({
        title: t('Chorus: Set Hub Token'),
        prompt: t("It is kept in the editor's secret storage and sent to {0} alone.", where),
        password: true,
        ignoreFocusOut: true,
        validateInput: (text) =>
          isToken(text.trim()) ? undefined : t('A token is letters, digits and signs without blanks.'),
      });
      if (written === undefined) return;
      await secrets.store(KEY, JSON.stringify({ origin: where, value: written.trim() } satisfies HubToken));
      void vscode.window.showInformationMessage(t('The token is kept, for {0} alone.', where));
    },
    async remove() {
      const was = (await secrets.get(KEY)) !== undefined;
      await secrets.delete(KEY);
      void vscode.window.showInformationMessage(
        was ? t('The token of the hub is removed.') : t('There was no token of a hub.'),
      );
    },
  };
}
