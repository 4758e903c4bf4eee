/** What of a conversation is sent with a new question: the newest answered turns that fit a small context. */

import type { Turn } from '../protocol/chat.ts';
import type { ChatMessage } from '../protocol/engine.ts';
import { questionWith } from './attachments.ts';
import { earlierMessages } from './earlier-messages.ts';

/**
 * Characters of system prompt, earlier turns and question together. The smallest experts see 1,024 tokens; with 300 to
 * 400 of them kept for the answer about 650 remain, and a small vocabulary takes 2.3 to 3 characters a token. What is
 * still too long is refused by the engine with `context-full`, and the session then tries without earlier turns.
 */
export const PROMPT_CHARACTERS = 1500;

/**
 * The messages of one request, oldest first. A turn is sent whole or not at all; one without an answer (failed, empty
 * or under way) is not sent; the system prompt and the question always are.
 */
export function messagesFor(question: string, earlier: readonly Turn[], systemPrompt: string): ChatMessage[] {
  const room = PROMPT_CHARACTERS - systemPrompt.length - question.length;
  const done = earlier.filter(({ answer }) => answer.kind === 'done');
  const exchanges = done.map((turn) => ({ question: askedIn(turn), answer: turn.answer.text }));
  const system: ChatMessage[] = systemPrompt === '' ? [] : [{ role: 'system', content: systemPrompt }];
  return [...system, ...earlierMessages(exchanges, room), { role: 'user', content: question }];
}

/** With the texts that went with it, where they leave room for others. */
function askedIn({ question, attached = [] }: Turn): string {
  const whole = questionWith(question, attached);
  return whole.length <= PROMPT_CHARACTERS / 2 ? whole : question;
}
