/** Says why there was no suggestion, and lists the decisions before in a document that cannot be edited. */

import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { AcceptedCounts } from './acceptance.ts';
import { registerTexts } from './text-documents.ts';
import { sentenceFor, type Trace, traceReport } from './trace.ts';

const scheme = 'chorus-suggestions';
const reportUri = vscode.Uri.from({ scheme, path: '/Chorus suggestions' });

/** The read-only list; it follows the trace while it is open. */
export function registerTraceDocument(trace: Trace, counts: () => AcceptedCounts): vscode.Disposable {
  const documents = registerTexts(scheme, () => traceReport(trace.entries(), counts()));
  const isOpen = (): boolean =>
    vscode.workspace.textDocuments.some((document) => document.uri.scheme === scheme);
  return vscode.Disposable.from(
    documents,
    trace.onAdd(() => {
      if (isOpen()) documents.changed(reportUri);
    }),
  );
}

export async function whyNoSuggestion(trace: Trace): Promise<void> {
  const list = t('Show the Last Ones');
  const chosen = await vscode.window.showInformationMessage(reason(trace), list);
  if (chosen === list) await vscode.window.showTextDocument(reportUri, { preview: true });
}

function reason(trace: Trace): string {
  const document = vscode.window.activeTextEditor?.document;
  const inline = vscode.workspace.getConfiguration('editor', document).get<boolean>('inlineSuggest.enabled');
  if (inline === false) {
    return t(
      'The editor shows no inline suggestions at all: the setting editor.inlineSuggest.enabled is off.',
    );
  }
  const newest = trace.entries()[0];
  if (newest === undefined)
    return t('No suggestion was asked for yet. Type in an editor, or run "Chorus: Complete Now".');
  return sentenceFor(newest);
}
