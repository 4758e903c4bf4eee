/**
 * Answers to earlier requests, the newest two hundred. One answers again where the same is asked, in whatever document that is, and
 * where what was typed since is how its text begins. Going back with Backspace comes to a place that was asked before.
 */

import { LRUCache } from 'lru-cache';
import type { Certainty } from '../text/gate.ts';
import { type Answer, isShown, type ShownAnswer, shownAnswer } from './completion-answer.ts';
import type { CompletionRequest } from './completion-query.ts';

export interface CompletionCache {
  /** The answer known for this request; `mix` is who answers and how, as one text. */
  find(request: CompletionRequest, mix: string): Answer | undefined;
  /** Keeps what the engine answered; a request that was cancelled or failed has no answer and is not kept. */
  keep(request: CompletionRequest, mix: string, answer: Answer, origin: 'asked' | 'prefetched'): void;
}

interface Entry {
  /** All that shapes the answer but the text before the cursor. */
  readonly shape: string;
  readonly prefix: string;
  readonly answer: Answer;
  readonly origin: 'asked' | 'prefetched';
}

/** Each holds at most the window and a suggestion, about 6,000 characters. */
const MOST_ENTRIES = 200;

export function createCompletionCache(): CompletionCache {
  const entries = new LRUCache<string, Entry>({ max: MOST_ENTRIES });
  return {
    find(request, mix) {
      const shape = shapeOf(request, mix);
      const { prefix } = request.prompt;
      const same = entries.get(keyOf(shape, prefix));
      if (same !== undefined) return again(same);
      // Two hundred comparisons, of which nearly all end at once: less than hashing every beginning of the prefix.
      for (const [key, entry] of entries.entries()) {
        const rest = entry.shape === shape ? restOf(entry, prefix) : undefined;
        if (rest === undefined) continue;
        entries.get(key);
        return rest;
      }
      return undefined;
    },
    keep(request, mix, answer, origin) {
      const { kind } = answer.decision;
      if (kind === 'cancelled' || kind === 'failed') return;
      const shape = shapeOf(request, mix);
      const { prefix } = request.prompt;
      entries.set(keyOf(shape, prefix), { shape, prefix, answer, origin });
    },
  };
}

/** What ends a request is left out: who types the beginning of a block stays inside the block. */
function shapeOf({ prompt, stop: _, ...request }: CompletionRequest, mix: string): string {
  const { prefix: __, ...shape } = prompt;
  return JSON.stringify([mix, shape, request]);
}

function keyOf(shape: string, prefix: string): string {
  return `${shape}\n${prefix}`;
}

function again({ answer, origin }: Entry): Answer {
  if (!isShown(answer)) return answer;
  return shownAnswer(answer, origin === 'asked' ? 'cache' : 'prefetched', certaintyIn(answer));
}

/** What is left of the entry's text where the user has typed its beginning and changed nothing else. */
function restOf({ prefix: asked, answer }: Entry, prefix: string): ShownAnswer | undefined {
  if (!isShown(answer) || asked.length >= prefix.length) return undefined;
  const typed = prefix.slice(asked.length);
  // The few characters first: of one document the prefixes are the same for thousands.
  if (typed.length >= answer.text.length || !answer.text.startsWith(typed)) return undefined;
  const text = answer.text.slice(typed.length);
  if (text.trim() === '' || !prefix.startsWith(asked)) return undefined;
  return shownAnswer({ text, replaceRight: answer.replaceRight }, 'typed-ahead', certaintyIn(answer));
}

function certaintyIn({ decision: { confidence, agreement } }: ShownAnswer): Certainty {
  return { ...(confidence !== undefined && { confidence }), ...(agreement !== undefined && { agreement }) };
}
