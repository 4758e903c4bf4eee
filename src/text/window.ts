/**
 * The window of a document around the cursor that goes into a completion's prompt. Its start moves in coarse steps
 * at line boundaries, so that the prompt's head, and with it the engine's KV cache, stays the same between keystrokes.
 */

export interface WindowSize {
  /** The most characters before the cursor; at least half of them are kept where the document has them. */
  readonly prefixChars: number;
  /** The most characters after the cursor. */
  readonly suffixChars: number;
}

/**
 * About 1,400 tokens at the 2.9 characters a token of a vocabulary of 4,096 on TypeScript. The engine takes of it what
 * is useful to each expert; reading more would only cost it time at every keystroke.
 */
export const completionWindow: WindowSize = { prefixChars: 4000, suffixChars: 1200 };

export interface TextWindow {
  readonly prefix: string;
  readonly suffix: string;
}

/** `offset` is the cursor's place in `text`, in UTF-16 units. Stateless: the same text and offset give the same window. */
export function windowAround(text: string, offset: number, size: WindowSize): TextWindow {
  return {
    prefix: text.slice(windowStart(text, offset, size.prefixChars), offset),
    suffix: text.slice(offset, windowEnd(text, offset, size.suffixChars)),
  };
}

/** The start looks only at text well before the cursor, so typing moves it at most once per quarter of `prefixChars`. */
function windowStart(text: string, offset: number, prefixChars: number): number {
  const earliest = offset - prefixChars;
  if (earliest <= 0) return 0;
  const step = Math.max(1, Math.floor(prefixChars / 4));
  const bound = Math.ceil(earliest / step) * step;
  const lineStart = text.indexOf('\n', bound - 1) + 1;
  const found = lineStart > 0 && lineStart <= bound + step && lineStart <= offset;
  return found ? lineStart : outsidePair(text, Math.min(bound, offset));
}

/** The suffix is cut after its last whole line; a line longer than the window is cut inside. */
function windowEnd(text: string, offset: number, suffixChars: number): number {
  const latest = offset + suffixChars;
  if (latest >= text.length) return text.length;
  if (suffixChars <= 0) return offset;
  const lineEnd = text.lastIndexOf('\n', latest - 1) + 1;
  return lineEnd > offset ? lineEnd : outsidePair(text, latest);
}

/** Moves a cut that would fall between the halves of a surrogate pair behind the pair. */
function outsidePair(text: string, cut: number): number {
  const before = text.charCodeAt(cut - 1);
  const after = text.charCodeAt(cut);
  const inside = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return inside ? cut + 1 : cut;
}
