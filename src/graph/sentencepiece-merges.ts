/**
 * The merges of a SentencePiece BPE vocabulary, which stores scores instead: two tokens merge into a third, the one of the
 * highest score first, as transformers' generate_merges (convert_slow_tokenizer.py) finds them.
 */

/** No token of a vocabulary is longer, but for markup that is never merged. */
const LONGEST_MERGED = 128;

interface Merge {
  readonly left: string;
  readonly right: string;
  /** In characters, not in UTF-16 units. */
  readonly leftLength: number;
  readonly rightLength: number;
  readonly score: number;
}

/** Pairs in the order in which they are applied. `scores` are those of `tokens`, by id. */
export function sentencePieceMerges(
  tokens: readonly string[],
  scores: ArrayLike<number>,
): (readonly [string, string])[] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: Merge[] = [];
  for (const [id, token] of tokens.entries()) {
    if (token.length > LONGEST_MERGED) continue;
    const ways: Merge[] = [];
    for (let cut = 1; cut < token.length; cut++) {
      const left = token.slice(0, cut);
      const right = token.slice(cut);
      if (!ids.has(left) || !ids.has(right)) continue;
      const [leftLength, rightLength] = [[...left].length, [...right].length];
      ways.push({ left, right, leftLength, rightLength, score: scores[id] as number });
    }
    const order = (token: string): number => ids.get(token) as number;
    ways.sort((a, b) => order(a.left) - order(b.left) || order(a.right) - order(b.right));
    merges.push(...ways);
  }
  merges.sort((a, b) => b.score - a.score || b.leftLength - a.leftLength || b.rightLength - a.rightLength);
  return merges.map(({ left, right }) => [left, right]);
}
