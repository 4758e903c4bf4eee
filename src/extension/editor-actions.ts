/** The actions on the editor's text: what is explained goes to the chat, what is changed is shown as a diff before it is made. */

import { randomInt } from 'node:crypto';
import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { codeIn, reindented } from '../text/code-answer.ts';
import { withLineFeeds } from '../text/line-feeds.ts';
import {
  type ActionInput,
  type ActionName,
  actionPrompt,
  codeLanguage,
  fenced,
  formulaAction,
} from './action-prompts.ts';
import { type ActionTarget, actionTarget, problemsIn } from './action-target.ts';
import { answerRequest } from './answer-request.ts';
import { withCancellableProgress } from './cancellable-progress.ts';
import type { ChatDependencies, ChatView } from './chat-view.ts';
import { editedMeanwhile } from './edited-meanwhile.ts';
import { failureText } from './failure-text.ts';
import type { Proposals } from './proposal.ts';
import type { RefusalOf } from './refusal.ts';
import { sharesText } from './shares-text.ts';
import { signalOf } from './signal.ts';

export interface EditorActionsDependencies extends Pick<ChatDependencies, 'generate' | 'chatSettings'> {
  readonly chat: Pick<ChatView, 'ask'>;
  readonly proposals: Pick<Proposals, 'showProposal'>;
  /** Characters of text that fit a question now. */
  budget(): number;
  readonly refusalOf: RefusalOf;
}

export interface EditorActions {
  /** On what is selected; `uri` and `range` are given where a code action says what it is about. */
  run(action: ActionName, uri?: unknown, range?: unknown): Promise<void>;
  /** From formula to code or back, by what is selected. */
  translateFormula(): Promise<void>;
}

export function createEditorActions(dependencies: EditorActionsDependencies): EditorActions {
  const { chat, generate, chatSettings, budget, refusalOf } = dependencies;

  const run = async (action: ActionName, target: ActionTarget): Promise<void> => {
    const input = inputOf(action, target);
    const secret = refusalOf({
      name: input.file,
      path: target.document.uri.path,
      text: [input.text, ...(input.problems ?? [])].join('\n'),
    });
    if (secret !== undefined) {
      void vscode.window.showInformationMessage(secret);
      return;
    }
    const [length, room] = [input.text.length, budget()];
    if (length > room) {
      void vscode.window.showInformationMessage(
        t(
          'This text has {0} characters, and the experts take about {1} at once. Select less of it.',
          length,
          room,
        ),
      );
      return;
    }
    const prompt = actionPrompt(action, input);
    if (action === 'explain' || action === 'codeToFormula') return chat.ask(prompt);
    const outcome = await withCancellableProgress(titleOf(action, input.file), (token, showProgress) => {
      let tokens = 0;
      return generate(
        answerRequest([{ role: 'user', content: prompt }], { ...chatSettings(), seed: randomInt(2 ** 31) }),
        {
          signal: signalOf(token),
          onUpdate: (delta) => {
            if (delta.tokens - tokens < 8) return;
            tokens = delta.tokens;
            showProgress(t('{0} tokens', tokens));
          },
        },
      );
    });
    if (outcome.kind === 'failed') {
      if (outcome.failure.code !== 'cancelled')
        void vscode.window.showErrorMessage(failureText(outcome.failure));
      return;
    }
    if (outcome.result.stop === 'cancelled') return;
    await show(action, { target, input, answer: outcome.result.text, by: sharesText(outcome.result.shares) });
  };

  const show = async (action: ActionName, shown: Shown): Promise<void> => {
    const { target, input, answer, by } = shown;
    const found = codeIn(answer);
    if (found.kind === 'none') {
      const open = t('Show the Answer');
      const chosen = await vscode.window.showInformationMessage(
        t('The answer of the experts has no code, so there is nothing to change.'),
        open,
      );
      if (chosen === open) await showText(answer, 'markdown');
      return;
    }
    if (found.isCut) {
      void vscode.window.showWarningMessage(
        t('The answer was cut at {0} tokens, so the code may lack its end.', chatSettings().maxTokens),
      );
    }
    if (action === 'tests') return showText(found.code, target.document.languageId);
    const edited = editedMeanwhile(target.document, target.version);
    if (edited !== undefined) {
      void vscode.window.showInformationMessage(edited);
      return;
    }
    const code = reindented(found.code, input.text);
    const isAdded = action === 'formulaToCode';
    const text = isAdded ? addition(code, target.document.languageId) : code;
    if (text === input.text) {
      void vscode.window.showInformationMessage(t('The experts would change nothing here.'));
      return;
    }
    const { document, range } = target;
    const place = isAdded ? new vscode.Range(range.end, range.end) : range;
    const title = t('{0} (by {1})', titleOf(action, input.file), by);
    await dependencies.proposals.showProposal({ document, range: place, text, title });
  };

  const targetOf = async (uri: unknown, range: unknown): Promise<ActionTarget | undefined> => {
    const editor = vscode.window.activeTextEditor;
    const document =
      uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : editor?.document;
    const asked = range instanceof vscode.Range ? range : editor?.selection;
    const target = document && asked && (await actionTarget(document, asked));
    if (target === undefined) {
      void vscode.window.showInformationMessage(t('Open a file and select the text that it is about first.'));
    }
    return target;
  };

  return {
    async run(action, uri, range) {
      const target = await targetOf(uri, range);
      if (target !== undefined) await run(action, target);
    },
    async translateFormula() {
      const target = await targetOf(undefined, undefined);
      if (target === undefined) return;
      const { document, range } = target;
      await run(formulaAction({ text: document.getText(range), language: document.languageId }), target);
    },
  };
}

interface Shown {
  readonly target: ActionTarget;
  readonly input: ActionInput;
  readonly answer: string;
  /** Who supplied the answer. */
  readonly by: string;
}

function inputOf(action: ActionName, target: ActionTarget): ActionInput {
  const { document, range } = target;
  return {
    text: withLineFeeds(document.getText(range)),
    language: document.languageId,
    file: posix.basename(document.uri.path),
    ...(action === 'fix' && { problems: problemsIn(target) }),
  };
}

/** Beneath the formula; in a text as a block of its own. */
function addition(code: string, language: string): string {
  return codeLanguage(language) === language ? `\n${code}` : `\n\n${fenced(code, codeLanguage(language))}`;
}

async function showText(content: string, language: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ content, language });
  await vscode.window.showTextDocument(document, vscode.ViewColumn.Beside);
}

function titleOf(action: ActionName, file: string): string {
  switch (action) {
    case 'explain':
      return t('Explain: {0}', file);
    case 'fix':
      return t('Fix: {0}', file);
    case 'tests':
      return t('Tests: {0}', file);
    case 'document':
      return t('Document: {0}', file);
    case 'simplify':
      return t('Simplify: {0}', file);
    case 'formulaToCode':
    case 'codeToFormula':
      return t('Formula: {0}', file);
    default:
      return action satisfies never;
  }
}
