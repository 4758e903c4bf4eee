/** "Continue Derivation": the experts write the next step, the algebra checks it, and the user sees it before it is written. */

import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { insertedStep } from '../text/derivation.ts';
import { withCancellableProgress } from './cancellable-progress.ts';
import { derivationAt } from './check-steps.ts';
import { editedMeanwhile } from './edited-meanwhile.ts';
import { verdictText } from './maths-text.ts';
import { type NextStepDependencies, nextSteps } from './next-step.ts';
import type { Proposals } from './proposal.ts';
import type { RefusalOf } from './refusal.ts';
import { signalOf } from './signal.ts';

export interface ContinuationDependencies extends NextStepDependencies {
  readonly proposals: Pick<Proposals, 'showProposal'>;
  readonly refusalOf: RefusalOf;
}

export async function continueDerivation(dependencies: ContinuationDependencies): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const derivation = editor && derivationAt(editor);
  const last = derivation?.steps.at(-1);
  if (editor === undefined || derivation === undefined || last === undefined) {
    void vscode.window.showInformationMessage(t('Select a derivation of at least one step first.'));
    return;
  }
  const { document } = editor;
  const { version } = document;
  const { range, text, steps } = derivation;
  const { path } = document.uri;
  const secret = dependencies.refusalOf({ name: posix.basename(path), path, text });
  if (secret !== undefined) {
    void vscode.window.showInformationMessage(secret);
    return;
  }
  const candidates = await withCancellableProgress(t('The experts look for the next step'), (token) =>
    nextSteps(text, steps, { ...dependencies, signal: signalOf(token) }),
  );
  if (typeof candidates === 'string') {
    if (candidates !== '') void vscode.window.showWarningMessage(candidates);
    return;
  }
  const [best] = candidates;
  if (best === undefined) {
    void vscode.window.showInformationMessage(t('The experts found no next step.'));
    return;
  }
  if (best.verdict.kind === 'false') {
    void vscode.window.showInformationMessage(
      t(
        'The next step of the experts is wrong, so it is not proposed: {0}. {1}',
        best.step,
        best.verdict.why,
      ),
    );
    return;
  }
  const edited = editedMeanwhile(document, version);
  if (edited !== undefined) {
    void vscode.window.showInformationMessage(edited);
    return;
  }
  const end = document.positionAt(document.offsetAt(range.start) + last.end);
  const { at, inserted } = insertedStep(document.getText(), document.offsetAt(end), best.step);
  const place = document.positionAt(at);
  await dependencies.proposals.showProposal({
    document,
    range: new vscode.Range(place, place),
    text: inserted,
    title: t('Next step. {0}', verdictText(best.verdict)),
  });
}
