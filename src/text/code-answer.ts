/** The code of an answer, and how it is fitted to the place that it comes from. */

export type CodeAnswer =
  | {
      readonly kind: 'code';
      readonly code: string;
      /** The block has no end: the answer ran out of tokens, and the code may lack its end too. */
      readonly isCut: boolean;
    }
  | { readonly kind: 'none' };

/** The longest fenced block; an example beside it is shorter. Without one there is no code. */
export function codeIn(answer: string): CodeAnswer {
  let best: Extract<CodeAnswer, { kind: 'code' }> | undefined;
  const lines = answer.replaceAll('\r\n', '\n').split('\n');
  for (let i = 0; i < lines.length; i++) {
    const fence = /^\s*(`{3,}|~{3,})[^`]*$/.exec(lines[i] ?? '')?.[1];
    if (fence === undefined) continue;
    const closes = new RegExp(`^\\s*${fence.charAt(0)}{${fence.length},}\\s*$`);
    const length = lines.slice(i + 1).findIndex((line) => closes.test(line));
    const end = length < 0 ? lines.length : i + 1 + length;
    const code = lines
      .slice(i + 1, end)
      .join('\n')
      .trimEnd();
    if (code.trim() !== '' && code.length > (best?.code.length ?? 0))
      best = { kind: 'code', code, isCut: length < 0 };
    i = end;
  }
  return best ?? { kind: 'none' };
}

/** `code` indented as `original` is: models write what they change from the margin on. */
export function reindented(code: string, original: string): string {
  const wanted = indentOf(original);
  const given = indentOf(code);
  if (wanted === given) return code;
  return code
    .split('\n')
    .map((line) => {
      if (line.trim() === '') return '';
      return line.startsWith(given) ? wanted + line.slice(given.length) : line;
    })
    .join('\n');
}

function indentOf(text: string): string {
  const first = text.split('\n').find((line) => line.trim() !== '') ?? '';
  return /^[ \t]*/.exec(first)?.[0] ?? '';
}
