// An engine that the tests of the chat page play: texts stream in pieces, with shares that go from one expert to the other.
import type { ChatSessionDependencies } from '../../src/extension/chat-session.ts';
import type { Delta, GenerateRequest } from '../../src/protocol/engine.ts';
import type { Explanation } from '../../src/protocol/explain.ts';

type Generate = ChatSessionDependencies['generate'];

export interface Player {
  readonly generate: Generate;
  /** What was asked, oldest first. */
  readonly requests: GenerateRequest[];
}

/** Answers with what `reply` gives, piece by piece, from when `ready` says. `linger` keeps the answer open until it is stopped. */
export function player(
  reply: (question: string, count: number) => readonly string[],
  { linger = false, ready }: { readonly linger?: boolean; readonly ready?: () => Promise<void> } = {},
): Player {
  const requests: GenerateRequest[] = [];
  return {
    requests,
    async generate(request, { signal, onUpdate }) {
      requests.push(request);
      await ready?.();
      const pieces = reply(questionOf(request), requests.length);
      for (const [index, text] of pieces.entries()) {
        if (signal.aborted) break;
        onUpdate(deltaOf(text, index, pieces.length));
      }
      if (linger && !signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      if (signal.aborted) return { kind: 'failed', failure: { code: 'cancelled', message: 'Stopped.' } };
      return {
        kind: 'generated',
        result: {
          text: pieces.join(''),
          unit: 'token',
          ids: pieces.map((_, index) => index),
          stop: 'end',
          shares: { 'pocket/code': 0.5, 'pocket/math': 0.5 },
          weights: {},
          promptTokens: {},
          reusedTokens: {},
          ms: { prefill: 1, decode: 100 },
        },
      };
    },
  };
}

function deltaOf(text: string, index: number, count: number): Delta {
  const code = 1 - index / count;
  const shares = { 'pocket/code': code, 'pocket/math': 1 - code };
  return {
    text,
    tokens: index + 1,
    unit: 'token',
    shares,
    origin: { shares, logProb: -0.1, agreement: index % 5 === 0 ? 0.2 : 0.9, entropy: 1 },
  };
}

function questionOf({ prompt }: GenerateRequest): string {
  return prompt.kind === 'messages' ? (prompt.messages.at(-1)?.content ?? '') : '';
}

/** Words with the blank before each, as tokens are. */
export function inWords(text: string): string[] {
  return text.match(/\s*\S+|\s+/g) ?? [];
}

export const explanation: Explanation = {
  pool: {
    top: [
      { kind: 'text', text: ' sum', probability: 0.6 },
      { kind: 'end', probability: 0.2 },
    ],
    drawn: { kind: 'text', text: ' sum', probability: 0.6 },
  },
  experts: {
    'pocket/code': {
      weight: 0.5,
      top: [
        { kind: 'text', text: ' sum', probability: 0.9 },
        { kind: 'bytes', hex: 'E3 81', probability: 0.05 },
      ],
      drawn: { kind: 'text', text: ' sum', probability: 0.9 },
    },
    'pocket/math': {
      weight: 0.5,
      top: [{ kind: 'text', text: '<img src=x>', probability: 0.4 }],
      drawn: { kind: 'text', text: ' sum', probability: 0.3 },
    },
  },
};
