/** @chorus in the editor's own chat. An editor without that gets nothing: the chat view of Chorus is there anyway. */

import { randomInt } from 'node:crypto';
import { posix } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { answerRequest } from './answer-request.ts';
import type { ChatDependencies } from './chat-view.ts';
import type { Exchange } from './earlier-messages.ts';
import { failureText } from './failure-text.ts';
import { participantId } from './names.ts';
import { type Attachment, participantPrompt } from './participant-prompt.ts';
import type { RefusalOf } from './refusal.ts';
import { sharesText } from './shares-text.ts';
import { signalOf } from './signal.ts';

export interface ParticipantDependencies extends Pick<ChatDependencies, 'generate' | 'chatSettings'> {
  /** Characters of text that fit a question now. */
  budget(): number;
  readonly refusalOf: RefusalOf;
  readonly icon: vscode.Uri;
}

export function registerParticipant(dependencies: ParticipantDependencies): vscode.Disposable {
  if (typeof vscode.chat?.createChatParticipant !== 'function') return new vscode.Disposable(() => {});
  const { generate, chatSettings, budget, refusalOf } = dependencies;
  const participant = vscode.chat.createChatParticipant(
    participantId,
    async ({ prompt, command, references }, { history }, response, token) => {
      const { attachments, refused } = await attachmentsOf(references, { command, refusalOf });
      if (refused.length > 0) {
        // A question that would be answered without what it is about is not asked.
        response.markdown(refused.join(' '));
        return {};
      }
      if (prompt.trim() === '' && attachments.length === 0) {
        response.markdown(t('Ask something, or select the text that it is about.'));
        return {};
      }
      const { messages, cut } = participantPrompt(
        { prompt, command, attachments, history: exchangesOf(history) },
        budget(),
      );
      if (cut.length > 0) {
        response.progress(
          t('The experts read only the beginning of {0}: it is too long for them.', cut.join(', ')),
        );
      }
      const outcome = await generate(
        answerRequest(messages, { ...chatSettings(), seed: randomInt(2 ** 31) }),
        {
          signal: signalOf(token),
          onUpdate: ({ text }) => response.markdown(text),
        },
      );
      if (outcome.kind === 'failed') {
        if (outcome.failure.code === 'cancelled') return {};
        return { errorDetails: { message: failureText(outcome.failure) } };
      }
      const { stop, shares, text } = outcome.result;
      if (text.trim() === '') response.markdown(t('The experts have nothing to say to that.'));
      const by = sharesText(shares);
      if (by !== '') response.markdown(`\n\n---\n*${by}*`);
      if (stop === 'length')
        response.markdown(`\n\n${t('The answer was cut at {0} tokens.', chatSettings().maxTokens)}`);
      return { metadata: { text } };
    },
  );
  participant.iconPath = dependencies.icon;
  return participant;
}

interface Attachments {
  readonly attachments: readonly Attachment[];
  /** Sentences: why the experts may not get the others. */
  readonly refused: readonly string[];
}

/** What was attached; a command without it is about what is selected in the editor. */
async function attachmentsOf(
  references: readonly vscode.ChatPromptReference[],
  { command, refusalOf }: { readonly command: string | undefined; readonly refusalOf: RefusalOf },
): Promise<Attachments> {
  const attachments: Attachment[] = [];
  const refused: string[] = [];
  const add = (attachment: Attachment, path?: string): void => {
    const reason = refusalOf({ name: attachment.file, path, text: attachment.text });
    if (reason === undefined) attachments.push(attachment);
    else refused.push(reason);
  };
  const addFile = async (uri: vscode.Uri, range?: vscode.Range): Promise<void> => {
    const file = posix.basename(uri.path);
    const reason = refusalOf({ name: file, path: uri.path });
    if (reason !== undefined) {
      refused.push(reason);
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    add({ text: document.getText(range), language: document.languageId, file }, uri.path);
  };
  for (const { value } of references) {
    try {
      if (value instanceof vscode.Location) await addFile(value.uri, value.range);
      else if (value instanceof vscode.Uri) await addFile(value);
      else if (typeof value === 'string') add({ text: value, language: 'plaintext', file: 'the text' });
    } catch {
      // A folder, an image, or a file that is gone: it cannot be read as text.
    }
  }
  const editor = vscode.window.activeTextEditor;
  const isGiven = attachments.length > 0 || refused.length > 0;
  if (!isGiven && command !== undefined && editor !== undefined && !editor.selection.isEmpty)
    await addFile(editor.document.uri, editor.selection);
  return { attachments, refused };
}

/** Earlier turns with @chorus, as the editor keeps them; the line of shares is no part of an answer. */
function exchangesOf(history: vscode.ChatContext['history']): Exchange[] {
  const exchanges: Exchange[] = [];
  let question: string | undefined;
  for (const turn of history) {
    if (turn instanceof vscode.ChatRequestTurn) question = turn.prompt;
    else if (turn instanceof vscode.ChatResponseTurn && question !== undefined) {
      const answer: unknown = turn.result.metadata?.text;
      if (typeof answer === 'string') exchanges.push({ question, answer });
      question = undefined;
    }
  }
  return exchanges;
}
