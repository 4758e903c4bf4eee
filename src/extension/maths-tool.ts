/** The language-model tool `chorus_math`: computes and checks for whichever model asks, Chorus's own or another's. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Maths } from './maths-process.ts';
import { answerText, toolQuestion } from './maths-text.ts';
import { mathsToolName } from './names.ts';
import { signalOf } from './signal.ts';

/** Nothing where the editor has no tools. */
export function registerMathsTool(maths: Maths): vscode.Disposable {
  if (typeof vscode.lm?.registerTool !== 'function') return new vscode.Disposable(() => {});
  return vscode.lm.registerTool<unknown>(mathsToolName, {
    prepareInvocation: () => ({ invocationMessage: t('Computing') }),
    async invoke({ input }, token) {
      const question = toolQuestion(input);
      const text =
        typeof question === 'string' ? question : answerText(await maths.ask(question, signalOf(token)));
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
    },
  });
}
