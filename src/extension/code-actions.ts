/** The actions where the editor offers its own: at a problem and on a selection. They cost nothing until one is chosen. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { type CommandName, commandId } from './names.ts';
import { proposalScheme } from './proposal.ts';

const { QuickFix, RefactorRewrite } = vscode.CodeActionKind;
/** Texts, in which there is a derivation to check sooner than code to simplify. */
const isText = /^(?:latex|tex|markdown|plaintext)$/;

/** `isOn` is asked each time. */
export function registerCodeActions(isOn: () => boolean): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider(
    { pattern: '**' },
    {
      provideCodeActions(document, range, { diagnostics }) {
        if (!isOn() || document.uri.scheme === proposalScheme) return [];
        const action = (
          title: string,
          kind: vscode.CodeActionKind,
          name: CommandName,
          about: vscode.Range = range,
        ): vscode.CodeAction => {
          const made = new vscode.CodeAction(title, kind);
          made.command = { title, command: commandId(name), arguments: [document.uri, about] };
          return made;
        };
        const offered: vscode.CodeAction[] = [];
        const others = diagnostics.filter(({ source }) => source !== 'Chorus');
        const [first] = others;
        if (first !== undefined) {
          // The problem's own range is a word: what is around it is asked about.
          const place = new vscode.Range(first.range.start, first.range.start);
          const fix = action(t('Fix with Chorus'), QuickFix, 'fixProblem', range.isEmpty ? place : range);
          fix.diagnostics = [...others];
          offered.push(fix);
        }
        if (range.isEmpty) return offered;
        if (isText.test(document.languageId)) {
          offered.push(action(t('Check This Step with Chorus'), RefactorRewrite, 'checkStep'));
        } else {
          offered.push(
            action(t('Document with Chorus'), RefactorRewrite, 'documentCode'),
            action(t('Simplify with Chorus'), RefactorRewrite, 'simplifyCode'),
          );
        }
        return offered;
      },
    },
    { providedCodeActionKinds: [QuickFix, RefactorRewrite] },
  );
}
