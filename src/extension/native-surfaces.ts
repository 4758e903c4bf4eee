/** What Chorus does on the editor's own surfaces: actions on the text, its lightbulb, its chat, its models and tools, mathematics. */

import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerParticipant } from './chat-participant.ts';
import type { ChatView } from './chat-view.ts';
import { createStepChecks } from './check-steps.ts';
import { registerCodeActions } from './code-actions.ts';
import type { CommandHandlers } from './commands.ts';
import { continueDerivation } from './continue-derivation.ts';
import { createEditorActions } from './editor-actions.ts';
import { createMaths } from './maths-process.ts';
import { registerMathsTool } from './maths-tool.ts';
import { type ModelProviderDependencies, registerModelProvider } from './model-provider.ts';
import { nativeModels } from './native-models.ts';
import type { Proposals } from './proposal.ts';
import { createRefusal } from './refusal.ts';
import type { IsSecretFile } from './secret-files.ts';
import type { SettingsStore } from './settings.ts';

export interface NativeDependencies
  extends Pick<ModelProviderDependencies, 'generate' | 'count' | 'chatSettings' | 'rows' | 'onDidChange'> {
  readonly settings: SettingsStore;
  /** Characters of text that fit a question now. */
  budget(): number;
  readonly isSecretFile: IsSecretFile;
  readonly chat: Pick<ChatView, 'ask'>;
  readonly proposals: Proposals;
  readonly log: (line: string) => void;
}

export type NativeCommands = Pick<
  CommandHandlers,
  | 'explainSelection'
  | 'fixProblem'
  | 'documentCode'
  | 'writeTests'
  | 'simplifyCode'
  | 'translateFormula'
  | 'checkStep'
  | 'continueDerivation'
  | 'acceptProposal'
  | 'discardProposal'
>;

/** The disposables go to `context.subscriptions`. */
export function registerNativeSurfaces(
  { subscriptions, extensionPath, extensionUri, extension }: vscode.ExtensionContext,
  dependencies: NativeDependencies,
): NativeCommands {
  const { settings, generate, proposals, budget } = dependencies;
  const maths = createMaths({ script: join(extensionPath, 'dist', 'maths.js'), log: dependencies.log });
  const refusalOf = createRefusal(dependencies.isSecretFile);
  const stepChecks = createStepChecks(maths);
  const actions = createEditorActions({ ...dependencies, budget, refusalOf });
  const models = () => {
    const { values, experts } = settings.current();
    return nativeModels(
      values,
      experts.map(({ id }) => id),
    );
  };
  subscriptions.push(
    maths,
    stepChecks,
    registerMathsTool(maths),
    registerCodeActions(() => settings.current().values['editor.codeActions']),
    registerParticipant({
      ...dependencies,
      budget,
      refusalOf,
      icon: vscode.Uri.joinPath(extensionUri, 'dist', 'media', 'icons', 'chorus.svg'),
    }),
    registerModelProvider({ ...dependencies, models, version: String(extension.packageJSON.version) }),
  );
  return {
    explainSelection: (uri, range) => actions.run('explain', uri, range),
    fixProblem: (uri, range) => actions.run('fix', uri, range),
    documentCode: (uri, range) => actions.run('document', uri, range),
    writeTests: (uri, range) => actions.run('tests', uri, range),
    simplifyCode: (uri, range) => actions.run('simplify', uri, range),
    translateFormula: () => actions.translateFormula(),
    checkStep: () => stepChecks.check(),
    continueDerivation: () => continueDerivation({ generate, maths, proposals, refusalOf }),
    acceptProposal: (uri) => proposals.accept(uri),
    discardProposal: (uri) => proposals.discard(uri),
  };
}
