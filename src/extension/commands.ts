/** Registers every command of the manifest; the compiler asks for a handler for each name. */

import * as vscode from 'vscode';
import { toFailure } from '../protocol/failure.ts';
import { type CommandName, commandId, commandNames } from './names.ts';

export type CommandHandlers = Readonly<Record<CommandName, () => unknown>>;

/** A command is a user's own act, so its failure is shown, once. */
export function registerCommands(handlers: CommandHandlers): vscode.Disposable {
  const run = async (name: CommandName): Promise<void> => {
    try {
      await handlers[name]();
    } catch (thrown) {
      void vscode.window.showErrorMessage(toFailure(thrown).message);
    }
  };
  return vscode.Disposable.from(
    ...commandNames.map((name) => vscode.commands.registerCommand(commandId(name), () => run(name))),
  );
}
