/** The members of a JSON object as an expression: those with names in their order, and others after them. */

import { ChorusError } from '../protocol/failure.ts';
import { type Characters, complement, everyCharacter } from './characters.ts';
import { EMPTY, type Expression, type Expressions, NOTHING } from './expression.ts';
import type { JsonParts } from './json-value.ts';

/** Far above what schemas in use take; as many take a second. */
const MOST_PREFIXES = 16 * 1024;
/** Every other character in UTF-8 is some hundred expressions. */
const DEPARTURE_WORK = 500;

export interface Member {
  readonly isRequired: boolean;
  /** Its name, the colon and its value; matches no empty text. */
  readonly member: Expression;
}

/**
 * What may stand between the braces, without the blanks beside them: the members in their order, those that are not required
 * left out or not, then any number of `others` (`NOTHING` for none). Which members may come next is a choice of up to all of
 * them, at each of them. So choices are trees of rules that later choices are part of, as the digits of a binary counter:
 * n members take n log n expressions, where each choice written out for itself would take n^2.
 */
export function objectMembers(
  expressions: Expressions,
  parts: JsonParts,
  members: readonly Member[],
  others: Expression,
): Expression {
  const { either, optional, repeat, sequence } = expressions;
  let after = repeat(sequence(parts.comma, others), 0, Number.POSITIVE_INFINITY);
  let choices: Choice[] = [{ size: 1, of: sequence(others, after) }];
  let mayEnd = true;
  for (const { isRequired, member } of members.toReversed()) {
    const taken = { size: 1, of: sequence(member, after) };
    choices = isRequired ? [taken] : withChoice(expressions, choices, taken);
    mayEnd &&= !isRequired;
    const more = sequence(parts.comma, either(choices.map(({ of }) => of)));
    after = mayEnd ? optional(more) : more;
  }
  const first = either(choices.map(({ of }) => of));
  return mayEnd ? optional(first) : first;
}

interface Choice {
  /** Members that it is a choice of. */
  readonly size: number;
  readonly of: Expression;
}

/** Choices of falling size, of which two of one size become one of twice that size. */
function withChoice(expressions: Expressions, choices: readonly Choice[], added: Choice): Choice[] {
  const kept = [...choices];
  let last = added;
  for (let other = kept.at(-1); other !== undefined && other.size === last.size; other = kept.at(-1)) {
    kept.pop();
    last = { size: 2 * last.size, of: oneOf(expressions, last.of, other.of) };
  }
  kept.push(last);
  return kept;
}

/** As a rule, which a choice that it is part of does not write out. */
function oneOf(expressions: Expressions, a: Expression, b: Expression): Expression {
  if (a === NOTHING) return b;
  if (b === NOTHING) return a;
  const rule = expressions.rule();
  expressions.define(rule, expressions.either([a, b]));
  return rule;
}

/** A node of the tree of names: what follows by the next character, and whether a name ends here. */
interface Prefix {
  readonly next: Map<number, Prefix>;
  isName: boolean;
}

/**
 * The characters inside the quotes of any string but these. Throws a `ChorusError` where they are too long: each character of
 * a name, but for beginnings that names share, is an expression of its own.
 */
export function otherThan(expressions: Expressions, parts: JsonParts, names: readonly string[]): Expression {
  const { either, repeat, sequence } = expressions;
  const any = repeat(parts.character(everyCharacter), 0, Number.POSITIVE_INFINITY);
  /** By the characters that do not come next: mostly one, of few. */
  const departures = new Map<string, Expression>();
  const departure = (codes: readonly number[]): Expression => {
    const key = codes.join(',');
    const known = departures.get(key);
    if (known !== undefined) return known;
    expressions.work(DEPARTURE_WORK);
    const characters: Characters = complement(codes.map((code) => [code, code] as const));
    const made = sequence(parts.character(characters), any);
    departures.set(key, made);
    return made;
  };
  const prefixes = prefixesOf(expressions, names);
  const made = new Map<Prefix, Expression>();
  // What follows a prefix is made before it.
  for (const prefix of prefixes.toReversed()) {
    const codes = [...prefix.next.keys()].sort((a, b) => a - b);
    const options = [...prefix.next].map(([code, longer]) =>
      sequence(parts.character([[code, code]]), made.get(longer) ?? NOTHING),
    );
    made.set(prefix, either([prefix.isName ? NOTHING : EMPTY, departure(codes), ...options]));
  }
  const [root] = prefixes;
  return (names.length > 0 && root && made.get(root)) || any;
}

/** Each before those that it begins. */
function prefixesOf(expressions: Expressions, names: readonly string[]): Prefix[] {
  const root: Prefix = { next: new Map(), isName: false };
  const all = [root];
  for (const name of names) {
    expressions.work(name.length);
    let at = root;
    for (const character of name) {
      const code = character.codePointAt(0) ?? 0;
      let longer = at.next.get(code);
      if (longer === undefined) {
        longer = { next: new Map(), isName: false };
        at.next.set(code, longer);
        all.push(longer);
        if (all.length > MOST_PREFIXES) throw tooLong();
      }
      at = longer;
    }
    at.isName = true;
  }
  return all;
}

function tooLong(): ChorusError {
  return new ChorusError(
    'request-invalid',
    `The names of an object's properties are too long to tell other names from them: more than ${MOST_PREFIXES} characters in all. Shorten them, or take out its 'additionalProperties'.`,
  );
}
