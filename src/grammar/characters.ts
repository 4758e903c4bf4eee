/** Sets of characters as ranges of code points, and how they are written in bytes: as UTF-8, or inside a JSON string. */

import type { Expression, Expressions } from './expression.ts';

/** Rising, apart from each other, both ends included. */
export type Characters = readonly (readonly [number, number])[];

/** The expression of one character of a set. */
export type Encode = (characters: Characters) => Expression;

const LAST = 0x10ffff;
/** Halves of UTF-16 pairs: no character, and not to be written in UTF-8. */
const SURROGATES: Characters = [[0xd800, 0xdfff]];

export function union(...sets: readonly Characters[]): Characters {
  const merged: [number, number][] = [];
  for (const [from, to] of sets.flat().sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

export function complement(characters: Characters): Characters {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [from, to] of characters) {
    if (from > next) rest.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return rest;
}

export function intersection(a: Characters, b: Characters): Characters {
  return complement(union(complement(a), complement(b)));
}

export const everyCharacter: Characters = complement([]);

/** Each character as UTF-8 (RFC 3629). */
export function asUtf8(expressions: Expressions): Encode {
  return (characters) =>
    expressions.either(
      intersection(characters, complement(SURROGATES)).flatMap(([from, to]) =>
        utf8Ranges(from, to).map((ranges) =>
          expressions.sequence(...ranges.map((range) => expressions.bytes(...range))),
        ),
      ),
    );
}

const SHORT_ESCAPES = new Map(
  [...'"\\\b\f\n\r\t'].map((character) => [character.charCodeAt(0), JSON.stringify(character).slice(1, -1)]),
);

/** Each character as JSON.stringify writes it inside a string (RFC 8259, 7): the escapes that are needed, and no others. */
export function asJsonString(expressions: Expressions): Encode {
  const utf8 = asUtf8(expressions);
  const escaped: Characters = union(
    [[0, 0x1f]],
    [...SHORT_ESCAPES.keys()].map((code) => [code, code] as const),
  );
  return (characters) => {
    const options = [utf8(intersection(characters, complement(escaped)))];
    for (const [from, to] of intersection(characters, escaped)) {
      for (let code = from; code <= to; code++) {
        options.push(
          expressions.literal(SHORT_ESCAPES.get(code) ?? `\\u${code.toString(16).padStart(4, '0')}`),
        );
      }
    }
    return expressions.either(options);
  };
}

/** The code points of a range as sequences of byte ranges: cut where UTF-8 gets longer or a continuation byte turns over. */
function utf8Ranges(from: number, to: number): (readonly [number, number])[][] {
  for (const end of [0x7f, 0x7ff, 0xffff]) {
    if (from <= end && end < to) return [...utf8Ranges(from, end), ...utf8Ranges(end + 1, to)];
  }
  for (const bits of [6, 12, 18]) {
    const low = 2 ** bits - 1;
    if (to <= 0x7f || (from & ~low) === (to & ~low)) continue;
    if ((from & low) !== 0) return [...utf8Ranges(from, from | low), ...utf8Ranges((from | low) + 1, to)];
    if ((to & low) !== low) return [...utf8Ranges(from, (to & ~low) - 1), ...utf8Ranges(to & ~low, to)];
  }
  const last = utf8(to);
  return [utf8(from).map((byte, i) => [byte, last[i] as number] as const)];
}

function utf8(code: number): number[] {
  return [...new TextEncoder().encode(String.fromCodePoint(code))];
}
