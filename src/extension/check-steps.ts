/** "Check This Step": the algebra looks at the derivation that is selected, and marks what does not follow, with the reason. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { StepVerdict } from '../protocol/maths.ts';
import { type DerivationStep, derivationSteps } from '../text/derivation.ts';
import type { Maths } from './maths-process.ts';
import { stepText, summaryOf } from './maths-text.ts';

export interface StepChecks extends vscode.Disposable {
  /** Checks what is selected; without a selection the lines around the cursor up to a blank one. */
  check(): Promise<void>;
}

export function createStepChecks(maths: Maths): StepChecks {
  const marks = vscode.languages.createDiagnosticCollection('chorus');
  const listening = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    // Each key in any document comes through here.
    if (contentChanges.length > 0 && marks.has(document.uri)) marks.delete(document.uri);
  });
  return {
    async check() {
      const editor = vscode.window.activeTextEditor;
      if (editor === undefined) {
        void vscode.window.showInformationMessage(t('Open a file and select a derivation first.'));
        return;
      }
      const { document } = editor;
      const { range, steps } = derivationAt(editor);
      const version = document.version;
      const answer = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: t('Chorus checks the derivation') },
        () => maths.ask({ kind: 'steps', steps: steps.map(({ text }) => text) }),
      );
      if (answer.kind !== 'steps') {
        if (answer.kind === 'failed') void vscode.window.showWarningMessage(answer.why);
        return;
      }
      // What is marked would stand elsewhere by now.
      if (document.version !== version) return;
      const start = document.offsetAt(range.start);
      const found = answer.verdicts.flatMap((verdict) =>
        markOf(document, start, steps[verdict.step], verdict),
      );
      marks.set(document.uri, found);
      const wrong = found.find(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
      if (wrong !== undefined) editor.revealRange(wrong.range);
      void vscode.window.showInformationMessage(summaryOf(answer.verdicts));
    },
    dispose() {
      marks.dispose();
      listening.dispose();
    },
  };
}

/** What holds without more to say is not marked. */
function markOf(
  document: vscode.TextDocument,
  from: number,
  step: DerivationStep | undefined,
  found: StepVerdict,
): vscode.Diagnostic[] {
  const { Error: Wrong, Information, Hint } = vscode.DiagnosticSeverity;
  const severity = { false: Wrong, unknown: Information, true: Hint }[found.verdict.kind];
  if (step === undefined || (found.verdict.kind === 'true' && found.note === undefined)) return [];
  const range = new vscode.Range(
    document.positionAt(from + step.start),
    document.positionAt(from + step.end),
  );
  const mark = new vscode.Diagnostic(range, stepText(found), severity);
  mark.source = 'Chorus';
  return [mark];
}

export interface DerivationInEditor {
  readonly range: vscode.Range;
  readonly text: string;
  readonly steps: readonly DerivationStep[];
}

/** What is selected; without a selection the lines around the cursor up to a blank one. */
export function derivationAt({ document, selection }: vscode.TextEditor): DerivationInEditor {
  const range = selection.isEmpty ? paragraphAt(document, selection.active) : selection;
  const text = document.getText(range);
  return { range, text, steps: derivationSteps(text) };
}

export function paragraphAt(document: vscode.TextDocument, { line }: vscode.Position): vscode.Range {
  const isBlank = (at: number): boolean => document.lineAt(at).isEmptyOrWhitespace;
  let [first, last] = [line, line];
  while (first > 0 && !isBlank(first - 1)) first--;
  while (last < document.lineCount - 1 && !isBlank(last + 1)) last++;
  return new vscode.Range(first, 0, last, document.lineAt(last).text.length);
}
