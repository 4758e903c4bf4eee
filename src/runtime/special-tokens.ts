/** Finds special tokens in text, longest first, without a regular expression made of a file's content. */

export interface SpecialToken {
  readonly id: number;
  readonly content: string;
}

/** Cuts text at its special tokens: ids for these, the strings between them as they are. */
export function specialSplitter(tokens: readonly SpecialToken[]): (text: string) => (string | number)[] {
  const idOf = new Map(tokens.map(({ content, id }) => [content, id]));
  const first = new Set(tokens.map(({ content }) => content.charAt(0)));
  const lengths = [...new Set(tokens.map(({ content }) => content.length))].sort((a, b) => b - a);

  const tokenAt = (text: string, at: number): SpecialToken | undefined => {
    if (!first.has(text.charAt(at))) return undefined;
    for (const length of lengths) {
      const content = text.slice(at, at + length);
      const id = idOf.get(content);
      if (id !== undefined) return { id, content };
    }
    return undefined;
  };

  return (text) => {
    const parts: (string | number)[] = [];
    let start = 0;
    for (let at = 0; at < text.length; ) {
      const found = tokenAt(text, at);
      if (found === undefined) {
        at++;
        continue;
      }
      if (at > start) parts.push(text.slice(start, at));
      parts.push(found.id);
      at += found.content.length;
      start = at;
    }
    if (start < text.length) parts.push(text.slice(start));
    return parts;
  };
}
