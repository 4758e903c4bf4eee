/** The token ids that every runtime is given alike. */

import type { Tokenizer } from '../../src/runtime/tokenizer.ts';

export interface Prompts {
  /** By length; they begin differently, so that none is remembered from another. */
  readonly byLength: ReadonlyMap<number, readonly number[]>;
  /** The text as it grows by one character each time; the first has 1,000 tokens. */
  readonly typed: readonly (readonly number[])[];
}

export const KNOWN = 1000;
const SHIFT = 150;

/** From English `text`; throws where it is too short for `lengths` or for `keystrokes` more characters. */
export function promptsFrom(
  text: string,
  {
    tokenizer,
    lengths,
    keystrokes,
  }: {
    readonly tokenizer: Pick<Tokenizer, 'encode' | 'bytes'>;
    readonly lengths: readonly number[];
    readonly keystrokes: number;
  },
): Prompts {
  const ids = tokenizer.encode(text);
  const enough = (needed: number): void => {
    if (ids.length < needed)
      throw new Error(`The benchmark's text has ${ids.length} tokens, and ${needed} are needed.`);
  };
  const byLength = new Map(
    lengths.map((length, i) => {
      enough(i * SHIFT + length);
      return [length, ids.slice(i * SHIFT, i * SHIFT + length)];
    }),
  );
  enough(KNOWN + keystrokes);
  const bytes = ids.slice(0, KNOWN).reduce((sum, id) => sum + tokenizer.bytes(id).length, 0);
  const cut = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes)).length;
  const typed = Array.from({ length: keystrokes + 1 }, (_, i) => tokenizer.encode(text.slice(0, cut + i)));
  return { byLength, typed };
}
