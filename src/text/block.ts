/** Where a block ends that has no grammar here: by its indentation. Lines end with `\n`. */

/**
 * The length of the part of `answer`, which goes on from the end of `before`, that belongs to the block at the cursor: up to the first
 * line that stands further left than the block does. A line of closers where the block was opened belongs to it. Undefined where no
 * such line has come yet.
 */
export function blockEndByIndentation(before: string, answer: string): number | undefined {
  const left = before.slice(before.lastIndexOf('\n') + 1);
  const opens = /[([{:]\s*$/.test(left);
  const width = indentation(left);
  let start = answer.indexOf('\n') + 1;
  if (start === 0) return undefined;
  while (start < answer.length) {
    const end = answer.indexOf('\n', start);
    const line = answer.slice(start, end < 0 ? answer.length : end);
    // A line that is still being written may yet be indented.
    if (line.trim() !== '') {
      const own = indentation(line);
      const closes = /^\s*[)\]}]/.test(line);
      const isOutside = opens ? own <= width : own < width;
      if (isOutside && !(closes && own >= (opens ? width : closerWidth(width)))) return start;
      if (isOutside) return end < 0 ? undefined : end + 1;
    }
    if (end < 0) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** A closer of the block that the cursor is inside of stands where its opener's line began, which is somewhere left of the block. */
function closerWidth(width: number): number {
  return Math.max(0, width - 8);
}

function indentation(line: string): number {
  const blanks = /^[ \t]*/.exec(line)?.[0] ?? '';
  return [...blanks].reduce((sum, blank) => sum + (blank === '\t' ? 4 : 1), 0);
}
