/** What of a file a block of code takes the place of. Pure: text in, a change out. */

import { bestRegion } from '../text/best-region.ts';

export interface Selected {
  /** Offsets in UTF-16 units; equal where nothing is selected. */
  readonly from: number;
  readonly to: number;
}

export interface ProposedChange extends Selected {
  /** Its lines end with a line feed. */
  readonly text: string;
  /** What it takes the place of: what was selected, the lines that it most resembles, or nothing, at the cursor. */
  readonly place: 'selection' | 'region' | 'cursor';
}

/** The block is indented as what it takes the place of. */
export function proposedChange(text: string, selected: Selected, block: string): ProposedChange {
  const lines = block.replace(/\s+$/, '').split(/\r?\n/);
  return selected.to > selected.from
    ? overSelection(text, selected, lines)
    : overLines(text, selected, lines);
}

function overSelection(text: string, { from, to }: Selected, lines: readonly string[]): ProposedChange {
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const before = text.slice(lineStart, from);
  const taken = text.slice(from, to);
  const fitted = indented(lines, indentOf(text.slice(lineStart))).join('\n');
  // The line's own indentation stands before the selection where it begins after it.
  const head = before !== '' || !/^\s/.test(taken) ? fitted.trimStart() : fitted;
  const end = taken.endsWith('\n') ? '\n' : '';
  return { from, to, text: head + end, place: 'selection' };
}

function overLines(text: string, { from: cursor }: Selected, lines: readonly string[]): ProposedChange {
  const file = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const startOf = (row: number): number => starts[row] ?? text.length;
  const endOf = (row: number): number => startOf(row) + (file[row] ?? '').length;
  const region = bestRegion(file, lines);
  if (region !== undefined) {
    const first = file.slice(region.from, region.to).find((line) => line.trim() !== '') ?? '';
    const fitted = indented(lines, indentOf(first)).join('\n');
    return { from: startOf(region.from), to: endOf(region.to - 1), text: fitted, place: 'region' };
  }
  const row = text.slice(0, cursor).split('\n').length - 1;
  const line = file[row] ?? '';
  const fitted = indented(lines, indentOf(line)).join('\n');
  // A blank line is filled, after any other line the block begins a new one.
  if (line.trim() === '') return { from: startOf(row), to: endOf(row), text: fitted, place: 'cursor' };
  return { from: endOf(row), to: endOf(row), text: `\n${fitted}`, place: 'cursor' };
}

function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}

/** `lines` moved so that the first that is not blank has this indentation. */
function indented(lines: readonly string[], indent: string): string[] {
  const own = indentOf(lines.find((line) => line.trim() !== '') ?? '');
  return lines.map((line) => {
    if (line.trim() === '') return '';
    return line.startsWith(own) ? indent + line.slice(own.length) : indent + line.trimStart();
  });
}
