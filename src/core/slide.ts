/**
 * One expert's context, and what it forgets when it is full: its beginning stays, which holds the instructions and the tokens
 * that attention leans on (arXiv 2309.17453), the newest tokens stay, and those between slide out. An expert is a function of its
 * context, so it goes on as one that was given the shorter text; it reads that anew, which is why half is dropped at once.
 */

export interface SlidingContext {
  /** Tokens that still fit; below 0 where it was too long from the start. */
  room(): number;
  /** Prompt, answer and `more`, without what slid out. Valid until the next call. */
  tokens(more: readonly number[]): Int32Array;
  /** Lets the middle slide out where no token fits any more. */
  slide(): void;
}

/** @param generated the answer, which grows */
export function createContext(
  prompt: Int32Array,
  generated: readonly number[],
  contextLength: number,
): SlidingContext {
  const buffer = new Int32Array(Math.max(contextLength, prompt.length));
  buffer.set(prompt);
  /** Tokens of prompt and answer that are in the buffer or slid out. */
  let seen = prompt.length;
  let gone = 0;

  const length = (): number => prompt.length + generated.length;
  const token = (i: number): number =>
    (i < prompt.length ? prompt[i] : generated[i - prompt.length]) as number;
  const room = (): number => contextLength - (length() - gone);

  return {
    room,
    tokens(more) {
      for (; seen < length(); seen++) buffer[seen - gone] = token(seen);
      buffer.set(more, seen - gone);
      return buffer.subarray(0, seen - gone + more.length);
    },
    slide() {
      if (room() > 0) return;
      const { first, newest } = keptOf(prompt.length, contextLength);
      seen = length();
      for (let i = 0; i < newest; i++) buffer[first + i] = token(seen - newest + i);
      gone = seen - first - newest;
    },
  };
}

/** What stays: the prompt's beginning, at most a quarter of the context, and half of what is left for the newest. */
export function keptOf(
  promptLength: number,
  contextLength: number,
): { readonly first: number; readonly newest: number } {
  const first = Math.min(promptLength, contextLength >> 2);
  return { first, newest: Math.max(1, (contextLength - first) >> 1) };
}
