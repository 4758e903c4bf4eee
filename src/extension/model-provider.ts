/** Each mix as a model of the editor's own chat and of other extensions (`vscode.lm`). An editor without that gets nothing. */

import { randomInt } from 'node:crypto';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { CountOutcome, CountRequest } from '../protocol/engine.ts';
import { answerRequest } from './answer-request.ts';
import type { ChatDependencies } from './chat-view.ts';
import { contextOf, inputTokens, tokensOf } from './context-budget.ts';
import type { ExpertRow } from './expert-rows.ts';
import { failureText } from './failure-text.ts';
import { modelVendor } from './names.ts';
import { chatMessages } from './native-messages.ts';
import type { NativeModel } from './native-models.ts';
import { signalOf } from './signal.ts';

export interface ModelProviderDependencies extends Pick<ChatDependencies, 'generate' | 'chatSettings'> {
  count(request: CountRequest, options: { readonly signal: AbortSignal }): Promise<CountOutcome>;
  models(): readonly NativeModel[];
  rows(): readonly ExpertRow[];
  /** Fires when `models()` or what is known of the experts may have changed. */
  readonly onDidChange: vscode.Event<unknown>;
  readonly version: string;
}

export function registerModelProvider(dependencies: ModelProviderDependencies): vscode.Disposable {
  if (typeof vscode.lm?.registerLanguageModelChatProvider !== 'function')
    return new vscode.Disposable(() => {});
  const { generate, chatSettings, count, models, rows } = dependencies;
  const changed = new vscode.EventEmitter<void>();
  let told = '';

  const information = (): vscode.LanguageModelChatInformation[] => {
    const { maxTokens } = chatSettings();
    const known = rows();
    return models().map(({ id, name, detail, experts }) => ({
      id,
      name,
      family: 'chorus',
      detail,
      tooltip: t('Runs on this machine: {0}', detail),
      version: dependencies.version,
      maxInputTokens: inputTokens(contextOf(known, experts), maxTokens),
      maxOutputTokens: maxTokens,
      capabilities: { imageInput: false, toolCalling: false },
    }));
  };
  const modelOf = (id: string): NativeModel => {
    const model = models().find((known) => known.id === id);
    if (model !== undefined) return model;
    throw vscode.LanguageModelError.NotFound(
      t('The mix {0} is not there any more. Choose another model.', id),
    );
  };

  const tell = (): void => {
    const now = JSON.stringify(information());
    if (now !== told) changed.fire();
    told = now;
  };

  const registered = vscode.Disposable.from(
    changed,
    dependencies.onDidChange(tell),
    vscode.lm.registerLanguageModelChatProvider(modelVendor, {
      onDidChangeLanguageModelChatInformation: changed.event,
      provideLanguageModelChatInformation: information,
      async provideLanguageModelChatResponse({ id }, messages, options, progress, token) {
        const { mix } = modelOf(id);
        if (options.tools !== undefined && options.tools.length > 0) {
          const isRequired = options.toolMode === vscode.LanguageModelChatToolMode.Required;
          if (isRequired) throw new vscode.LanguageModelError(t('The experts of Chorus call no tools.'));
        }
        const read = chatMessages(messages);
        if (typeof read === 'string') throw new vscode.LanguageModelError(read);
        const request = answerRequest(read, { ...chatSettings(), seed: randomInt(2 ** 31), mix });
        const outcome = await generate(request, {
          signal: signalOf(token),
          onUpdate: ({ text }) => progress.report(new vscode.LanguageModelTextPart(text)),
        });
        if (outcome.kind === 'generated') return;
        if (outcome.failure.code === 'cancelled') throw new vscode.CancellationError();
        throw new vscode.LanguageModelError(failureText(outcome.failure));
      },
      async provideTokenCount({ id }, given, token) {
        const parts = typeof given === 'string' ? [given] : given.content;
        const text = parts
          .map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : part))
          .filter((part) => typeof part === 'string')
          .join('');
        const { experts } = modelOf(id);
        const counted = await count({ text, ids: experts }, { signal: signalOf(token) });
        return counted.kind === 'counted' ? counted.tokens : tokensOf(text);
      },
    }),
  );
  // The picker asks for the models of a provider only once it said that it has some.
  tell();
  return registered;
}
