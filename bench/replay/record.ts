/** Makes a session of a text that somebody wrote: the keys are the text's own, the times those of a rhythm. */

import { seededRandom } from '../../src/core/random.ts';
import { type EditSession, keystrokes } from './session.ts';

/** What was done, without times. */
export type PlainEdit = { readonly type: string } | { readonly delete: number } | { readonly move: number };

/** Medians in milliseconds, of somebody who types about 60 words a minute and stops to think at the end of a line. */
const RHYTHM = { letter: 140, afterBlank: 190, sign: 240, line: 700, deletion: 110, move: 1500 } as const;

/** Log-normal, as intervals between keys are; the same seed gives the same times. */
export function withTimes(edits: readonly PlainEdit[], seed: number): EditSession['edits'] {
  const random = seededRandom(seed);
  const around = (median: number): number => {
    // Box-Muller.
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.round(median * Math.exp(0.35 * normal));
  };
  return edits.map((edit) => {
    if ('delete' in edit)
      return { ...edit, ms: Array.from({ length: edit.delete }, () => around(RHYTHM.deletion)) };
    if ('move' in edit) return { ...edit, ms: [around(RHYTHM.move)] };
    let last = '';
    const ms = keystrokes(edit.type).map((key) => {
      const median = medianFor(key, last);
      last = key;
      return around(median);
    });
    return { ...edit, ms };
  });
}

function medianFor(key: string, last: string): number {
  if (last.startsWith('\n')) return RHYTHM.line;
  if (/\w/.test(key)) return last === ' ' ? RHYTHM.afterBlank : RHYTHM.letter;
  return key === ' ' ? RHYTHM.letter : RHYTHM.sign;
}

/** The lines `from` to `to` (counted from 1, both included) of a text are typed where they stand; the rest is there already. */
export function typedLines(
  text: string,
  from: number,
  to: number,
): Pick<EditSession, 'start' | 'cursor'> & { edits: PlainEdit[] } {
  const lines = text.split('\n');
  const start = lines.slice(0, from - 1).join('\n') + (from > 1 ? '\n' : '');
  const typed = lines.slice(from - 1, to).join('\n');
  const rest = text.slice(start.length + typed.length);
  return { start: start + rest, cursor: start.length, edits: [{ type: typed }] };
}
