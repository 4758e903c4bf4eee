/**
 * A change that is shown before it is made: the file beside itself as it would be, in the editor's own diff, with Accept and Discard in
 * the title. Nothing is written before Accept, and then as one step that can be undone; the file is not saved.
 */

import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { movedSpan, type Span } from '../text/moved-span.ts';
import { registerTexts } from './text-documents.ts';

export interface Proposal {
  readonly document: vscode.TextDocument;
  /** What `text` takes the place of. */
  readonly range: vscode.Range;
  readonly text: string;
  /** What the diff is called: `Fix: parser.ts`. */
  readonly title: string;
}

/** `outdated`: the part it would change was edited or its file closed meanwhile. */
export type ProposalEnd = 'accepted' | 'discarded' | 'outdated';

export interface Proposals extends vscode.Disposable {
  /** Opens the diff. Resolves when the user has decided; closing the diff is Discard. */
  showProposal(proposal: Proposal): Promise<ProposalEnd>;
  /** `uri` is that of the diff's right side; left out, the diff that is in front. */
  accept(uri?: unknown): Promise<void>;
  discard(uri?: unknown): Promise<void>;
}

interface Open {
  readonly uri: vscode.Uri;
  readonly proposal: Proposal;
  /** Offsets of the range, as the file is now. */
  span: Span;
  readonly end: (how: ProposalEnd) => void;
}

export const proposalScheme = 'chorus-proposal';

export function registerProposals(): Proposals {
  const open = new Map<string, Open>();
  const documents = registerTexts(proposalScheme, (uri) => {
    const entry = open.get(uri.toString());
    return entry === undefined ? '' : proposedText(entry);
  });
  let count = 0;

  const named = (uri: unknown): Open | undefined => {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    const front = input instanceof vscode.TabInputTextDiff ? input.modified : undefined;
    const found = uri instanceof vscode.Uri ? open.get(uri.toString()) : undefined;
    return found ?? (front && open.get(front.toString()));
  };
  const finish = async (entry: Open, how: ProposalEnd): Promise<void> => {
    if (!open.delete(entry.uri.toString())) return;
    entry.end(how);
    await vscode.window.tabGroups.close(tabsOf(entry.uri));
  };
  const ofDocument = (document: vscode.TextDocument): Open[] =>
    [...open.values()].filter(({ proposal }) => proposal.document === document);

  const follow = ({ document, contentChanges }: vscode.TextDocumentChangeEvent): void => {
    for (const entry of ofDocument(document)) {
      let span: Span | undefined = entry.span;
      for (const { rangeOffset: start, rangeLength: length, text } of contentChanges) {
        span = span && movedSpan(span, { start, length, added: text.length });
      }
      if (span === undefined) {
        void vscode.window.showInformationMessage(
          t(
            'The text that Chorus proposed to change was edited meanwhile, so its proposal is gone. Please ask again.',
          ),
        );
        void finish(entry, 'outdated');
      } else {
        entry.span = span;
        documents.changed(entry.uri);
      }
    }
  };

  const listening = vscode.Disposable.from(
    documents,
    vscode.workspace.onDidChangeTextDocument(follow),
    vscode.workspace.onDidCloseTextDocument((document) => {
      for (const entry of ofDocument(document)) void finish(entry, 'outdated');
    }),
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const { input } of closed) {
        const uri = input instanceof vscode.TabInputTextDiff ? input.modified : undefined;
        const entry = uri && open.get(uri.toString());
        if (entry !== undefined && tabsOf(entry.uri).length === 0) void finish(entry, 'discarded');
      }
    }),
  );

  return {
    async showProposal(proposal) {
      const { document, range, title } = proposal;
      const uri = document.uri.with({
        scheme: proposalScheme,
        authority: '',
        query: String(++count),
        fragment: '',
      });
      const decided = new Promise<ProposalEnd>((resolve) => {
        const span = { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
        open.set(uri.toString(), { uri, proposal, span, end: resolve });
      });
      const right = await vscode.workspace.openTextDocument(uri);
      if (right.languageId !== document.languageId) {
        await vscode.languages.setTextDocumentLanguage(right, document.languageId);
      }
      await vscode.commands.executeCommand('vscode.diff', document.uri, uri, title, {
        preview: false,
        selection: new vscode.Range(range.start, range.start),
      } satisfies vscode.TextDocumentShowOptions);
      return decided;
    },
    async accept(uri) {
      const entry = named(uri);
      if (entry === undefined) return nothingOpen();
      const { document, text } = entry.proposal;
      const range = rangeOf(entry);
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, range, text);
      // Taken out first: the change that is its own does not outdate it.
      open.delete(entry.uri.toString());
      if (!(await vscode.workspace.applyEdit(edit))) {
        open.set(entry.uri.toString(), entry);
        const file = posix.basename(document.uri.path);
        void vscode.window.showWarningMessage(t('{0} could not be changed: is it read-only?', file));
        return;
      }
      entry.end('accepted');
      await vscode.window.tabGroups.close(tabsOf(entry.uri));
      if (document.uri.scheme === 'vscode-notebook-cell') return;
      await vscode.window.showTextDocument(document, {
        selection: new vscode.Range(range.start, range.start),
      });
    },
    async discard(uri) {
      const entry = named(uri);
      if (entry === undefined) return nothingOpen();
      await finish(entry, 'discarded');
    },
    dispose() {
      for (const { end } of open.values()) end('discarded');
      open.clear();
      listening.dispose();
    },
  };
}

function nothingOpen(): void {
  void vscode.window.showInformationMessage(t('There is no proposal of Chorus in front.'));
}

function rangeOf({ proposal: { document }, span }: Open): vscode.Range {
  return new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
}

function proposedText({ proposal: { document, text }, span }: Open): string {
  const now = document.getText();
  const written = document.eol === vscode.EndOfLine.CRLF ? text.replace(/\r?\n/g, '\r\n') : text;
  return now.slice(0, span.start) + written + now.slice(span.end);
}

function tabsOf(uri: vscode.Uri): vscode.Tab[] {
  const wanted = uri.toString();
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.toString() === wanted);
}
