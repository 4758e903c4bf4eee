/** How alike two strings are, in [0, 1]: 1 - (Levenshtein distance) / (length of the longer), in code points. */
export function editSimilarity(first: string, second: string): number {
  const a = [...first];
  const b = [...second];
  if (a.length === 0 && b.length === 0) return 1;
  // row[j]: distance between the first i characters of a and the first j of b (Wagner and Fischer 1974).
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of a.entries()) {
    let diagonal = i;
    row[0] = i + 1;
    for (const [j, other] of b.entries()) {
      const substituted = diagonal + (letter === other ? 0 : 1);
      diagonal = row[j + 1] as number;
      row[j + 1] = Math.min(substituted, diagonal + 1, (row[j] as number) + 1);
    }
  }
  return 1 - (row[b.length] as number) / Math.max(a.length, b.length);
}
