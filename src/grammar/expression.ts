/**
 * Expressions over bytes: the one form that regular expressions and JSON schemas are turned into. Equal expressions are the
 * same number (hash-consing), so that equal states of a grammar are one state (Owens, Reppy and Turon 2009,
 * "Regular-expression derivatives re-examined"). A rule stands for another expression and may lead back to itself.
 */

import { ChorusError } from '../protocol/failure.ts';

export type Expression = number;

/** The expression that no text matches, and the one that only the empty text matches. */
export const NOTHING: Expression = 0;
export const EMPTY: Expression = 1;

export type Node =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'empty' }
  /** One byte; `set[byte]` is 1 for those allowed, [256]. */
  | { readonly kind: 'bytes'; readonly set: Uint8Array }
  /** `first` is no concatenation itself. */
  | { readonly kind: 'concat'; readonly first: Expression; readonly rest: Expression }
  /** At least two, rising, none of them a choice itself. */
  | { readonly kind: 'either'; readonly options: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly of: Expression; readonly min: number; readonly max: number }
  | { readonly kind: 'rule'; readonly rule: number };

export interface Expressions {
  node(expression: Expression): Node;
  matchesEmpty(expression: Expression): boolean;
  /** One byte of a range, both ends included. */
  bytes(from: number, to: number): Expression;
  /** The text itself, as UTF-8. */
  literal(text: string | Uint8Array): Expression;
  sequence(...parts: readonly Expression[]): Expression;
  either(options: readonly Expression[]): Expression;
  /** `max` may be infinite. */
  repeat(of: Expression, min: number, max: number): Expression;
  optional(of: Expression): Expression;
  /** A rule to be defined later; no rule may match the empty text. */
  rule(): Expression;
  define(rule: Expression, body: Expression): void;
  body(rule: number): Expression;
  /** All sets of bytes that occur. */
  sets(): readonly Uint8Array[];
  /** Counts steps of work since the last `rest`; throws a `ChorusError` where it is too much for one token. */
  work(steps: number): void;
  rest(): void;
  /** Counts memory that lasts; throws a `ChorusError` where it is too much for one grammar. */
  keep(bytes: number): void;
}

/** Far above what grammars in use take; each is a fraction of a second or some ten MiB. */
const MOST_WORK = 2_000_000;
const MOST_MEMORY = 64 * 1024 * 1024;

export function createExpressions(): Expressions {
  const nodes: Node[] = [{ kind: 'nothing' }, { kind: 'empty' }];
  const nullable: boolean[] = [false, true];
  const known = new Map<string, Expression>();
  const bodies: Expression[] = [];
  const sets: Uint8Array[] = [];
  let worked = 0;
  let kept = 0;

  const work = (steps: number): void => {
    worked += steps;
    if (worked > MOST_WORK) throw tooLarge();
  };
  const keep = (bytes: number): void => {
    kept += bytes;
    if (kept > MOST_MEMORY) throw tooLarge();
  };
  const node = (expression: Expression): Node => nodes[expression] as Node;
  const matchesEmpty = (expression: Expression): boolean => nullable[expression] as boolean;

  const intern = (key: string, made: Node, empty: boolean): Expression => {
    const old = known.get(key);
    if (old !== undefined) return old;
    keep(128 + 4 * key.length);
    known.set(key, nodes.length);
    nullable.push(empty);
    return nodes.push(made) - 1;
  };

  const ranges = new Map<number, Expression>();
  const bytes = (from: number, to: number): Expression => {
    const range = 256 * from + to;
    const old = ranges.get(range);
    if (old !== undefined) return old;
    const set = new Uint8Array(256).fill(1, from, to + 1);
    sets.push(set);
    const made = intern(`b${from}-${to}`, { kind: 'bytes', set }, false);
    ranges.set(range, made);
    return made;
  };

  const concat = (first: Expression, rest: Expression): Expression => {
    work(1);
    if (first === NOTHING || rest === NOTHING) return NOTHING;
    if (first === EMPTY) return rest;
    if (rest === EMPTY) return first;
    const spine: Expression[] = [];
    let last = first;
    for (let made = node(last); made.kind === 'concat'; made = node(last)) {
      spine.push(made.first);
      last = made.rest;
    }
    spine.push(last);
    work(spine.length);
    let whole = rest;
    for (const part of spine.reverse()) {
      const empty = matchesEmpty(part) && matchesEmpty(whole);
      whole = intern(`c${part},${whole}`, { kind: 'concat', first: part, rest: whole }, empty);
    }
    return whole;
  };

  const either = (options: readonly Expression[]): Expression => {
    const flat = new Set<Expression>();
    for (const option of options) {
      const made = node(option);
      work(made.kind === 'either' ? made.options.length : 1);
      if (made.kind === 'either') for (const each of made.options) flat.add(each);
      else if (option !== NOTHING) flat.add(option);
    }
    const isNullable = [...flat].some(matchesEmpty);
    if (flat.has(EMPTY) && [...flat].some((each) => each !== EMPTY && matchesEmpty(each))) flat.delete(EMPTY);
    const sorted = [...flat].sort((a, b) => a - b);
    const [first = NOTHING, second] = sorted;
    if (second === undefined) return first;
    return intern(`e${sorted.join(',')}`, { kind: 'either', options: sorted }, isNullable);
  };

  const repeat = (of: Expression, min: number, max: number): Expression => {
    if (max === 0 || of === EMPTY) return EMPTY;
    if (of === NOTHING) return min === 0 ? EMPTY : NOTHING;
    const least = matchesEmpty(of) ? 0 : min;
    if (least === 1 && max === 1) return of;
    const inner = node(of);
    if (inner.kind === 'repeat' && inner.min === 0 && inner.max === Number.POSITIVE_INFINITY) return of;
    return intern(`r${of},${least},${max}`, { kind: 'repeat', of, min: least, max }, least === 0);
  };

  const sequence = (...parts: readonly Expression[]): Expression => {
    let whole = EMPTY;
    for (let i = parts.length - 1; i >= 0; i--) whole = concat(parts[i] as Expression, whole);
    return whole;
  };

  return {
    node,
    matchesEmpty,
    bytes,
    literal(text) {
      const encoded = typeof text === 'string' ? new TextEncoder().encode(text) : text;
      let whole = EMPTY;
      for (const byte of encoded.toReversed()) whole = concat(bytes(byte, byte), whole);
      return whole;
    },
    sequence,
    either,
    repeat,
    optional: (of) => repeat(of, 0, 1),
    rule() {
      bodies.push(NOTHING);
      return intern(`R${bodies.length}`, { kind: 'rule', rule: bodies.length - 1 }, false);
    },
    define(rule, body) {
      const made = node(rule);
      if (made.kind !== 'rule' || matchesEmpty(body))
        throw new Error('only a rule can be defined, by a text that is not empty');
      bodies[made.rule] = body;
    },
    body: (rule) => bodies[rule] as Expression,
    sets: () => sets,
    work,
    rest() {
      worked = 0;
    },
    keep,
  };
}

function tooLarge(): ChorusError {
  return new ChorusError(
    'request-invalid',
    'The grammar is too complex to follow: it is too large, or can be read in too many ways at once. Use fewer alternatives or properties, shorter names and constants, or smaller bounds in nested repetitions.',
  );
}
