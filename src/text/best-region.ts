/**
 * Where in a file a block of code belongs: the lines that it most resembles, by an alignment of the whole block with some
 * stretch of the file (fitting alignment: the semi-global case of Needleman and Wunsch 1970).
 */

export interface Region {
  /** The first line that the block takes the place of, and the one after the last, counted from 0. */
  readonly from: number;
  readonly to: number;
}

/** A line found again counts for this much, a bracket alone for less: every file is full of them. */
const SAME = 3;
const SAME_BRACKET = 0.5;
/** A line that is much like another. */
const ALIKE = 1;
const DIFFERENT = -1;
/** A line of the block that the file does not have, and the other way round. */
const ADDED = -0.7;
const REMOVED = -0.7;

/** How much of the most that a block could score is enough to say that it belongs there. */
const ENOUGH = 0.3;

/** Lines of file times lines of block; above it the search would be felt. */
const MAX_WORK = 4_000_000;

/** Undefined where nothing in the file is enough like the block, or both are too large to compare. */
export function bestRegion(file: readonly string[], block: readonly string[]): Region | undefined {
  const columns = file.length;
  if (block.length === 0 || columns * block.length > MAX_WORK) return undefined;
  const lines = file.map(shapeOf);
  // Best score of the block so far against a stretch that ends before each line of the file, and where that stretch starts.
  let scores = new Float64Array(columns + 1);
  let starts = Int32Array.from({ length: columns + 1 }, (_, j) => j);
  let most = 0;
  for (const [i, text] of block.entries()) {
    const shape = shapeOf(text);
    most += shape.text === '' ? 0 : shape.words.size > 0 ? SAME : SAME_BRACKET;
    const next = new Float64Array(columns + 1);
    const nextStarts = new Int32Array(columns + 1);
    next[0] = (i + 1) * ADDED;
    for (let j = 1; j <= columns; j++) {
      const paired = (scores[j - 1] ?? 0) + likeness(shape, lines[j - 1] ?? shape);
      const added = (scores[j] ?? 0) + (shape.text === '' ? 0 : ADDED);
      const removed = (next[j - 1] ?? 0) + (lines[j - 1]?.text === '' ? 0 : REMOVED);
      const best = Math.max(paired, added, removed);
      next[j] = best;
      nextStarts[j] = (best === paired ? starts[j - 1] : best === added ? starts[j] : nextStarts[j - 1]) ?? 0;
    }
    scores = next;
    starts = nextStarts;
  }
  let to = 0;
  for (let j = 1; j <= columns; j++) if ((scores[j] ?? 0) > (scores[to] ?? 0)) to = j;
  if (most === 0 || (scores[to] ?? 0) < ENOUGH * most) return undefined;
  return { from: starts[to] ?? 0, to };
}

interface Shape {
  readonly text: string;
  readonly words: ReadonlySet<string>;
}

function shapeOf(line: string): Shape {
  return { text: line.trim(), words: new Set(line.match(/[\p{L}\p{N}_]+/gu) ?? []) };
}

function likeness(a: Shape, b: Shape): number {
  if (a.text === b.text) return a.text === '' ? 0 : a.words.size > 0 ? SAME : SAME_BRACKET;
  if (a.words.size === 0 || b.words.size === 0) return DIFFERENT;
  let common = 0;
  for (const word of a.words) if (b.words.has(word)) common++;
  return (2 * common) / (a.words.size + b.words.size) >= 0.6 ? ALIKE : DIFFERENT;
}
