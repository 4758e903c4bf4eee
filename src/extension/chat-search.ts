/** Finds conversations by words in their titles, questions and answers. Pure. */

import type { ChatRecord } from './chat-record.ts';

export interface FoundChat {
  readonly record: ChatRecord;
  /** Where the first word was found; undefined where it is in the title, or nothing was asked for. */
  readonly excerpt?: string;
}

/** Characters shown around a word. */
const AROUND = 50;

/** Those that hold every word of `query`, in the order given; all of them where there is no word. */
export function searchChats(records: readonly ChatRecord[], query: string): FoundChat[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return records.flatMap((record): FoundChat[] => {
    const title = record.title.toLowerCase();
    const text = record.turns.map(({ question, answer }) => `${question}\n${answer.text}`).join('\n');
    const lower = text.toLowerCase();
    if (!words.every((word) => title.includes(word) || lower.includes(word))) return [];
    const word = words.find((one) => !title.includes(one));
    return [{ record, ...(word !== undefined && { excerpt: excerpt(text, lower.indexOf(word)) }) }];
  });
}

function excerpt(text: string, at: number): string {
  const from = Math.max(0, at - AROUND);
  const to = Math.min(text.length, at + AROUND);
  const shown = text.slice(from, to).replace(/\s+/g, ' ').trim();
  return `${from > 0 ? '…' : ''}${shown}${to < text.length ? '…' : ''}`;
}
