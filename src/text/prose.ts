/** Where a Markdown text is prose and where it is code: fenced blocks, and spans between backticks. */

export interface Span {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export interface Prose {
  /** Everything outside code, in order. */
  readonly spans: readonly Span[];
  /** The fence that would end the last block, where the text ends inside it. */
  readonly open?: string;
}

export function proseIn(text: string): Prose {
  const spans: Span[] = [];
  let from = 0;
  let at = 0;
  const skip = (start: number, end: number): void => {
    if (start > from) spans.push({ from, to: start });
    from = end;
    at = end;
  };
  while (at < text.length) {
    const fence = at === 0 || text.charAt(at - 1) === '\n' ? fenceAt(text, at) : undefined;
    if (fence !== undefined) {
      const end = endOfBlock(text, at, fence);
      if (end === undefined) {
        skip(at, text.length);
        return { spans, open: fence };
      }
      skip(at, end);
    } else if (text.charAt(at) === '`') {
      const ticks = ticksAt(text, at);
      const end = endOfSpan(text, at + ticks.length, ticks);
      if (end === undefined) at += ticks.length;
      else skip(at, end);
    } else at += text.charAt(at) === '\\' ? 2 : 1;
  }
  skip(text.length, text.length);
  return { spans };
}

function fenceAt(text: string, at: number): string | undefined {
  const opening = / {0,3}(?:(`{3,})[^`\n]*|(~{3,})[^\n]*)(?:\n|$)/y;
  opening.lastIndex = at;
  const found = opening.exec(text);
  return found?.[1] ?? found?.[2];
}

function endOfBlock(text: string, at: number, fence: string): number | undefined {
  const closing = new RegExp(`^ {0,3}${fence.charAt(0)}{${fence.length},}[ \\t\\r]*$`, 'gm');
  const line = text.indexOf('\n', at);
  if (line < 0) return undefined;
  closing.lastIndex = line + 1;
  return closing.exec(text) === null ? undefined : closing.lastIndex;
}

/** The same number of backticks again, in the same paragraph. */
function endOfSpan(text: string, after: number, ticks: string): number | undefined {
  const paragraph = text.indexOf('\n\n', after);
  const last = paragraph < 0 ? text.length : paragraph;
  const run = /`+/g;
  run.lastIndex = after;
  for (let found = run.exec(text); found !== null && found.index < last; found = run.exec(text)) {
    if (found[0] === ticks) return run.lastIndex;
  }
  return undefined;
}

function ticksAt(text: string, at: number): string {
  let end = at;
  while (text.charAt(end) === '`') end++;
  return text.slice(at, end);
}
