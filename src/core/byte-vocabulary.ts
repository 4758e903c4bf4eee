/**
 * A vocabulary as bytes: its tokens sorted by what they spell, so that all tokens that begin with the same bytes are
 * neighbours, and a beginning is two numbers. It is the byte trie, kept flat.
 */

/** The symbols of a distribution over bytes: 0 to 255, and the end of the answer. */
export const END_OF_BYTES = 256;
export const BYTE_SYMBOLS = 257;

export interface ByteVocabulary {
  /** Token ids in the order of their bytes, a shorter one before those that go on with it, ties by id. [tokens] */
  readonly ids: Int32Array;
  /** Token i of that order spells spelling[starts[i], starts[i + 1]). [tokens + 1] */
  readonly starts: Int32Array;
  readonly spelling: Uint8Array;
  /** Any of these tokens ends an answer; together they are the symbol END_OF_BYTES. */
  readonly ends: readonly number[];
  /**
   * The tokens that a text is made of which begins with exactly these bytes, as this vocabulary's own tokenizer cuts it; they may
   * end inside a character. Bytes that no token spells are left out.
   */
  readonly encode: (bytes: Uint8Array) => Int32Array;
}

export interface ByteVocabularySource {
  /** Number of tokens; ids are 0 to size - 1. */
  readonly size: number;
  /** What a token spells; empty for one that is no text. */
  readonly bytes: (token: number) => Uint8Array;
  /** Tokens that are never part of a text; those of `ends` are left out in any case. */
  readonly specials: ReadonlySet<number>;
  readonly ends: ReadonlySet<number>;
  readonly encode: ByteVocabulary['encode'];
}

export function byteVocabulary(source: ByteVocabularySource): ByteVocabulary {
  const { size, specials, encode } = source;
  const ends = [...source.ends].filter((id) => id < size).sort((a, b) => a - b);
  const tokens: { readonly id: number; readonly bytes: Uint8Array }[] = [];
  let length = 0;
  for (let id = 0; id < size; id++) {
    if (specials.has(id) || source.ends.has(id)) continue;
    const bytes = source.bytes(id);
    if (bytes.length === 0) continue;
    tokens.push({ id, bytes });
    length += bytes.length;
  }
  tokens.sort((a, b) => compareBytes(a.bytes, b.bytes) || a.id - b.id);
  const starts = new Int32Array(tokens.length + 1);
  const spelling = new Uint8Array(length);
  for (const [i, { bytes }] of tokens.entries()) {
    const start = starts[i] as number;
    spelling.set(bytes, start);
    starts[i + 1] = start + bytes.length;
  }
  return { ids: Int32Array.from(tokens, ({ id }) => id), starts, spelling, ends, encode };
}

/** Tokens [low, high) of the sorted vocabulary; all begin with the same `depth` bytes. */
export interface TokenRange {
  readonly low: number;
  readonly high: number;
  readonly depth: number;
}

export function allTokens({ ids }: ByteVocabulary): TokenRange {
  return { low: 0, high: ids.length, depth: 0 };
}

/**
 * Those of `range`, all of them longer than its depth, that go on with `byte`: `whole` are spelled by now, `longer` go on.
 */
export function narrowed(
  vocabulary: ByteVocabulary,
  { low, high, depth }: TokenRange,
  byte: number,
): { readonly whole: TokenRange; readonly longer: TokenRange } {
  const first = firstWhere(low, high, (i) => byteAt(vocabulary, i, depth) >= byte);
  const last = firstWhere(first, high, (i) => byteAt(vocabulary, i, depth) > byte);
  const next = depth + 1;
  const longer = firstWhere(first, last, (i) => lengthOf(vocabulary, i) > next);
  return {
    whole: { low: first, high: longer, depth: next },
    longer: { low: longer, high: last, depth: next },
  };
}

/** The byte that token `i` of the sorted order has at `depth`. */
function byteAt({ starts, spelling }: ByteVocabulary, i: number, depth: number): number {
  return spelling[(starts[i] as number) + depth] as number;
}

function lengthOf({ starts }: ByteVocabulary, i: number): number {
  return (starts[i + 1] as number) - (starts[i] as number);
}

/** The first i of [low, high) for which a condition that once true stays true holds; `high` where none. */
function firstWhere(low: number, high: number, holds: (i: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** By the first byte that differs; a beginning goes before what goes on from it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
