/** The rows of an answer's tokens in the two forms in which OpenAI's clients read probabilities. */

import type { AlternativeToken, TokenTrace } from '../protocol/engine.ts';

/** Gives out rows as the text appears that they belong to: none of the end, and none of a stop string. */
export interface RowsOfText {
  /** The rows of `text`, which goes on after what was taken before. */
  take(rows: readonly TokenTrace[], text: string): readonly TokenTrace[];
}

export function rowsOfText(): RowsOfText {
  let waiting: TokenTrace[] = [];
  let written = 0;
  let taken = 0;
  return {
    take(rows, text) {
      waiting.push(...rows);
      written += text.length;
      let count = 0;
      for (const row of waiting) {
        if (taken >= written) break;
        taken += row.text.length;
        count++;
      }
      const mine = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return mine;
    },
  };
}

/** As in chat: an entry for each token. */
export function chatLogProbs(rows: readonly TokenTrace[]): object {
  const entry = ({ bytes, logProb }: Pick<AlternativeToken, 'bytes' | 'logProb'>) => ({
    token: spelled(bytes),
    logprob: finite(logProb),
    bytes,
  });
  return {
    content: rows.map((row) => ({ ...entry(row), top_logprobs: (row.alternatives ?? []).map(entry) })),
    refusal: null,
  };
}

/** As in completions: a list for each column. `from` is where the rows' text begins in the text of the answer. */
export function completionLogProbs(rows: readonly TokenTrace[], from: number): object {
  let offset = from;
  const offsets = rows.map(({ text }) => {
    offset += text.length;
    return offset - text.length;
  });
  const asked = rows.some(({ alternatives = [] }) => alternatives.length > 0);
  return {
    // The word at the cursor is drawn anew, and is no part of the answer's text.
    tokens: rows.map(({ text, bytes }) => (text === '' ? spelled(bytes) : text)),
    token_logprobs: rows.map(({ logProb }) => finite(logProb)),
    top_logprobs: asked ? rows.map(({ alternatives = [] }) => byText(alternatives)) : null,
    text_offset: offsets,
  };
}

/** Of two that read the same the more probable one. */
function byText(alternatives: readonly AlternativeToken[]): Record<string, number> {
  return Object.fromEntries(
    [...alternatives].reverse().map(({ bytes, logProb }) => [spelled(bytes), finite(logProb)]),
  );
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A token's text; one that is only a part of a character is written by its bytes, as OpenAI does. */
function spelled(bytes: readonly number[]): string {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}

/** JSON has no infinity; OpenAI writes this for what is too improbable to say. */
function finite(logProb: number): number {
  return Number.isFinite(logProb) ? logProb : -9999;
}
