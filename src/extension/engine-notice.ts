/** The one message about the engine that comes unasked: that it crashed too often and stays off. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { EngineClient } from './engine-client.ts';
import { failureText } from './failure-text.ts';
import type { Subscription } from './listeners.ts';
import { commandId } from './names.ts';

export function registerEngineNotice(engine: EngineClient): Subscription {
  let told = false;
  return engine.onChange(({ state }) => {
    if (state.kind === 'failed' && !told) void tell(failureText(state.failure));
    told = state.kind === 'failed';
  });
}

async function tell(message: string): Promise<void> {
  const restart = t('Restart Engine');
  const log = t('Show Log');
  const chosen = await vscode.window.showErrorMessage(message, restart, log);
  if (chosen === restart) await vscode.commands.executeCommand(commandId('restartEngine'));
  if (chosen === log) await vscode.commands.executeCommand(commandId('showLog'));
}
