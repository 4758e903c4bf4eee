/** What was said before, as messages for the experts. */

import type { ChatMessage } from '../protocol/engine.ts';
import { newestThatFit } from '../text/history.ts';

export interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/**
 * The newest exchanges that are together at most `room` characters, oldest first. Each goes whole or not at all, and one whose answer is
 * blank is left out.
 */
export function earlierMessages(exchanges: readonly Exchange[], room: number): ChatMessage[] {
  const answered = exchanges.filter(({ answer }) => answer.trim() !== '');
  const fitting = newestThatFit(answered, room, ({ question, answer }) => question.length + answer.length);
  return fitting.flatMap(({ question, answer }): ChatMessage[] => [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ]);
}
