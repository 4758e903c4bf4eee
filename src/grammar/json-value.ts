/** The parts JSON is written with (RFC 8259), as expressions: narrow enough that every text of them is read back as it was. */

import { asJsonString, type Encode, everyCharacter } from './characters.ts';
import { EMPTY, type Expression, type Expressions } from './expression.ts';

export interface JsonParts {
  /** How a character stands inside a string. */
  readonly character: Encode;
  readonly string: Expression;
  readonly number: Expression;
  readonly integer: Expression;
  readonly boolean: Expression;
  /** Any value at all. */
  readonly value: Expression;
  literal(value: unknown): Expression;
  quoted(characters: Expression): Expression;
  /** A number between two whole ones, both included; only whole ones where `whole` is true. */
  between(low: number, high: number, whole: boolean): Expression;
  /** What is between two brackets, with the blanks that may stand there. */
  enclosed(open: string, inner: Expression, close: string): Expression;
  /** The comma between two members, with the blanks after it. */
  readonly comma: Expression;
  /** The colon after a name, with the blank after it. */
  readonly colon: Expression;
  /** At least `min` and at most `max` items with commas between. */
  list(item: Expression, min: number, max: number): Expression;
}

/** No indentation is deeper: blanks without end would let a model say nothing for ever. */
const DEEPEST_INDENTATION = 32;
/** So that no number read back is infinite, and every whole one is exact up to 2^53. */
const DIGITS = 15;

export function jsonParts(expressions: Expressions): JsonParts {
  const { bytes, either, literal, optional, repeat, sequence } = expressions;
  const digit = bytes(0x30, 0x39);
  const leading = bytes(0x31, 0x39);
  const space = literal(' ');
  const blanks = either([EMPTY, space, sequence(literal('\n'), repeat(space, 0, DEEPEST_INDENTATION))]);
  const character = asJsonString(expressions);
  const quoted = (characters: Expression): Expression => sequence(literal('"'), characters, literal('"'));
  const string = quoted(repeat(character(everyCharacter), 0, Number.POSITIVE_INFINITY));
  const magnitude = either([literal('0'), sequence(leading, repeat(digit, 0, DIGITS - 1))]);
  const integer = sequence(optional(literal('-')), magnitude);
  const fraction = sequence(literal('.'), repeat(digit, 1, DIGITS));
  const exponent = sequence(
    either([literal('e'), literal('E')]),
    optional(either([literal('+'), literal('-')])),
    repeat(digit, 1, 2),
  );
  const number = sequence(integer, optional(fraction), optional(exponent));
  const comma = sequence(literal(','), blanks);
  const colon = sequence(literal(':'), optional(space));
  const enclosed = (open: string, inner: Expression, close: string): Expression =>
    sequence(literal(open), blanks, inner, blanks, literal(close));
  const list = (item: Expression, min: number, max: number): Expression => {
    if (max === 0) return EMPTY;
    const some = sequence(item, repeat(sequence(comma, item), Math.max(0, min - 1), max - 1));
    return min === 0 ? optional(some) : some;
  };

  const value = expressions.rule();
  const boolean = either([literal('true'), literal('false')]);
  const any = Number.POSITIVE_INFINITY;
  const object = enclosed('{', list(sequence(string, colon, value), 0, any), '}');
  const array = enclosed('[', list(value, 0, any), ']');
  expressions.define(value, either([string, number, boolean, literal('null'), object, array]));

  /** Whole numbers of the same number of digits, `low` to `high`, written without a sign. */
  const sameLength = (low: string, high: string): Expression => {
    if (/^0*$/.test(low) && /^9*$/.test(high)) return repeat(digit, low.length, low.length);
    const rest = low.length - 1;
    const [a, b] = [low.charCodeAt(0), high.charCodeAt(0)];
    if (a === b) return sequence(literal(low.charAt(0)), sameLength(low.slice(1), high.slice(1)));
    const between = a + 1 <= b - 1 ? [sequence(bytes(a + 1, b - 1), repeat(digit, rest, rest))] : [];
    return either([
      sequence(literal(low.charAt(0)), sameLength(low.slice(1), '9'.repeat(rest))),
      ...between,
      sequence(literal(high.charAt(0)), sameLength('0'.repeat(rest), high.slice(1))),
    ]);
  };

  /** Whole numbers 0 <= low to high, without a sign. */
  const wholes = (low: number, high: number): Expression => {
    const options: Expression[] = [];
    for (let length = String(low).length; length <= String(high).length; length++) {
      const from = Math.max(low, length === 1 ? 0 : 10 ** (length - 1));
      const to = Math.min(high, 10 ** length - 1);
      if (from <= to) options.push(sameLength(String(from), String(to)));
    }
    return either(options);
  };

  /** Numbers 0 <= low to high, without a sign. */
  const magnitudes = (low: number, high: number, whole: boolean): Expression => {
    if (whole) return wholes(low, high);
    const last = sequence(
      literal(String(high)),
      optional(sequence(literal('.'), repeat(literal('0'), 1, DIGITS))),
    );
    return high === low ? last : either([sequence(wholes(low, high - 1), optional(fraction)), last]);
  };

  return {
    character,
    string,
    number,
    integer,
    boolean,
    value,
    literal: (given) => literal(JSON.stringify(given)),
    quoted,
    between(low, high, whole) {
      const options: Expression[] = [];
      if (high >= 0) options.push(magnitudes(Math.max(0, low), high, whole));
      if (low < 0) options.push(sequence(literal('-'), magnitudes(Math.max(0, -high), -low, whole)));
      return either(options);
    },
    enclosed,
    comma,
    colon,
    list,
  };
}
