/** The editor's chat messages as the experts take them: text alone. What they cannot read is refused with a sentence. */

import { t } from '@vscode/l10n';
import type { ChatMessage } from '../protocol/engine.ts';

/** As `vscode.LanguageModelChatRequestMessage` has it; a text part has a string `value`. */
export interface NativeMessage {
  /** 1 is the user, 2 the assistant, others instructions. */
  readonly role: number;
  readonly content: readonly unknown[];
}

/** A string says why the messages are refused. */
export function chatMessages(messages: readonly NativeMessage[]): readonly ChatMessage[] | string {
  const read: ChatMessage[] = [];
  for (const { role, content } of messages) {
    const text = textOf(content);
    if (text.kind === 'refused') return text.why;
    if (text.text.trim() === '') continue;
    const who = role === 1 ? 'user' : role === 2 ? 'assistant' : 'system';
    const last = read.at(-1);
    // Two in a row of one role confuse chat templates.
    if (last?.role === who) read[read.length - 1] = { role: who, content: `${last.content}\n\n${text.text}` };
    else read.push({ role: who, content: text.text });
  }
  return read.some(({ role }) => role === 'user') ? read : t('There is no question among the messages.');
}

type Read =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string };

function textOf(content: readonly unknown[]): Read {
  let text = '';
  for (const part of content) {
    if (typeof part !== 'object' || part === null) continue;
    if ('value' in part && typeof part.value === 'string') {
      text += part.value;
      continue;
    }
    const mime = 'mimeType' in part && typeof part.mimeType === 'string' ? part.mimeType : undefined;
    // Marks for services that bill by what they cache.
    if (mime === 'cache_control') continue;
    if (mime?.startsWith('image/')) {
      return {
        kind: 'refused',
        why: t('The experts of Chorus read text only, no images. Ask without the image.'),
      };
    }
    if ('callId' in part) {
      return {
        kind: 'refused',
        why: t('The experts of Chorus call no tools. Choose another model for agents.'),
      };
    }
    return { kind: 'refused', why: t('The experts of Chorus read text only. Ask without attachments.') };
  }
  return { kind: 'text', text };
}
