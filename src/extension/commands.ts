/** Registers every command of the manifest; the compiler asks for a handler for each name. */

import * as vscode from 'vscode';
import { toFailure } from '../protocol/failure.ts';
import { failureText } from './failure-text.ts';
import { type CommandName, commandId, commandNames } from './names.ts';

export type CommandHandlers = Readonly<Record<CommandName, (...given: readonly unknown[]) => unknown>>;

/** A command is a user's own act, so its failure is shown, once. */
export function registerCommands(handlers: CommandHandlers): vscode.Disposable {
  const run = async (name: CommandName, given: readonly unknown[]): Promise<void> => {
    try {
      await handlers[name](...given);
    } catch (thrown) {
      void vscode.window.showErrorMessage(failureText(toFailure(thrown)));
    }
  };
  return vscode.Disposable.from(
    ...commandNames.map((name) =>
      vscode.commands.registerCommand(commandId(name), (...given: unknown[]) => run(name, given)),
    ),
  );
}
