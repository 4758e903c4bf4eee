/** Regular expressions as JavaScript writes them (ECMA-262 with the flag `u`), without what looks around or back. */

import { type AST, RegExpParser, RegExpSyntaxError } from '@eslint-community/regexpp';
import { ChorusError } from '../protocol/failure.ts';
import { type Characters, complement, type Encode, everyCharacter, union } from './characters.ts';
import { EMPTY, type Expression, type Expressions } from './expression.ts';

export interface RegexOptions {
  readonly expressions: Expressions;
  /** How a character is written. */
  readonly encode: Encode;
  /** Whether the whole text must match; otherwise a part of it is enough, unless `^` and `$` say more. */
  readonly whole: boolean;
  /** What the pattern is, for messages: "The regular expression". */
  readonly what: string;
}

const LONGEST_PATTERN = 4096;
const DEEPEST_GROUP = 200;

/** Throws a `ChorusError` where the pattern is no regular expression, or none that can be followed. */
export function regexExpression(
  pattern: string,
  { expressions, encode, whole, what }: RegexOptions,
): Expression {
  const refuse = (why: string): ChorusError => new ChorusError('request-invalid', `${what} ${why}`);
  const unsupported = (raw: string, why: string): ChorusError =>
    refuse(`has '${raw.slice(0, 80)}': ${why}. Write it without.`);
  const { either, repeat, sequence } = expressions;

  const ofAlternatives = (alternatives: readonly AST.Alternative[], depth: number): Expression => {
    if (depth > DEEPEST_GROUP) throw refuse(`has groups more than ${DEEPEST_GROUP} deep. Simplify it.`);
    return either(
      alternatives.map(({ elements }) => sequence(...elements.map((each) => ofElement(each, depth)))),
    );
  };

  const ofElement = (element: AST.Element, depth: number): Expression => {
    switch (element.type) {
      case 'Character':
        return encode([[element.value, element.value]]);
      case 'CharacterSet':
      case 'CharacterClass':
        return encode(charactersOf(element));
      case 'Group':
        if (element.modifiers !== null) throw unsupported(element.raw, 'modifiers are not supported');
        return ofAlternatives(element.alternatives, depth + 1);
      case 'CapturingGroup':
        return ofAlternatives(element.alternatives, depth + 1);
      case 'Quantifier':
        return repeat(ofElement(element.element, depth), element.min, element.max);
      case 'Assertion':
        throw element.kind === 'start' || element.kind === 'end'
          ? unsupported(element.raw, 'only the ends of a whole alternative may be anchored')
          : unsupported(element.raw, 'assertions that look around are not supported');
      case 'Backreference':
        throw unsupported(element.raw, 'references to groups are not supported');
      case 'ExpressionCharacterClass':
        throw unsupported(element.raw, 'operations on sets are not supported');
      default:
        return element satisfies never;
    }
  };

  const ofPattern = ({ alternatives }: AST.Pattern): Expression =>
    either(
      alternatives.map(({ elements }) => {
        const first = elements[0];
        const last = elements.at(-1);
        const fromStart = first?.type === 'Assertion' && first.kind === 'start';
        const toEnd = last?.type === 'Assertion' && last.kind === 'end';
        const inner = elements.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
        const anything = whole ? EMPTY : repeat(encode(everyCharacter), 0, Number.POSITIVE_INFINITY);
        return sequence(
          fromStart ? EMPTY : anything,
          ...inner.map((each) => ofElement(each, 0)),
          toEnd ? EMPTY : anything,
        );
      }),
    );

  if (pattern.length > LONGEST_PATTERN) {
    throw refuse(`has ${pattern.length} characters, and at most ${LONGEST_PATTERN} are read. Shorten it.`);
  }
  try {
    return ofPattern(
      new RegExpParser().parsePattern(pattern, 0, pattern.length, { unicode: true, unicodeSets: false }),
    );
  } catch (thrown) {
    if (thrown instanceof RegExpSyntaxError) {
      throw refuse(
        `is not valid: ${thrown.message.replace(/^Invalid regular expression: /, '')}, at character ${thrown.index + 1}. Correct it.`,
      );
    }
    // The stack of calls is full before the bound on depth is reached.
    if (thrown instanceof RangeError) throw refuse('is nested too deeply. Simplify it.');
    throw thrown;
  }
}

const digit: Characters = [[0x30, 0x39]];
const word: Characters = union(digit, [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** ECMA-262, WhiteSpace and LineTerminator. */
const space: Characters = union(
  [
    [0x09, 0x0d],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
  ],
  [0x20, 0xa0, 0x1680, 0x202f, 0x205f, 0x3000, 0xfeff].map((code) => [code, code] as const),
);
const lineEnds: Characters = union([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);

function charactersOf(
  element: AST.CharacterSet | AST.CharacterClassElement | AST.CharacterClass,
): Characters {
  switch (element.type) {
    case 'Character':
      return [[element.value, element.value]];
    case 'CharacterClassRange':
      return [[element.min.value, element.max.value]];
    case 'CharacterClass': {
      const all = union(...element.elements.map(charactersOf));
      return element.negate ? complement(all) : all;
    }
    case 'CharacterSet':
      switch (element.kind) {
        case 'any':
          return complement(lineEnds);
        case 'digit':
          return element.negate ? complement(digit) : digit;
        case 'word':
          return element.negate ? complement(word) : word;
        case 'space':
          return element.negate ? complement(space) : space;
        case 'property':
          return charactersWith(element.raw);
        default:
          return element satisfies never;
      }
    case 'ClassStringDisjunction':
    case 'ExpressionCharacterClass':
      throw new Error('sets of strings exist under the flag v alone');
    default:
      return element satisfies never;
  }
}

/** By the property as it is written; there are some hundred properties. */
const propertyCharacters = new Map<string, Characters>();

/** The characters of `\p{...}`: Unicode's tables are those of the JavaScript that runs. */
function charactersWith(property: string): Characters {
  const known = propertyCharacters.get(property);
  if (known !== undefined) return known;
  // Runs of matching characters among all characters in order.
  const characters = union(
    [...alphabet().matchAll(new RegExp(`(?:${property})+`, 'gu'))].map(([run]) => {
      const last = run.codePointAt(run.length - 2) ?? 0;
      return [run.codePointAt(0) ?? 0, last > 0xffff ? last : run.charCodeAt(run.length - 1)] as const;
    }),
  );
  propertyCharacters.set(property, characters);
  return characters;
}

/** Every character once, in order. */
function alphabet(): string {
  const pieces: string[] = [];
  for (let from = 0; from <= 0x10ffff; from += 0x800) {
    if (from !== 0xd800)
      pieces.push(String.fromCodePoint(...Array.from({ length: 0x800 }, (_, i) => from + i)));
  }
  return pieces.join('');
}
