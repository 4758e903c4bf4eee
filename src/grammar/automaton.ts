/**
 * Which text a grammar allows next, found only where it is asked for: a state is what is left to match, and a byte leads to
 * that expression's derivative (Brzozowski 1964). Bytes that no set tells apart are one class (Owens et al. 2009, 4.2).
 */

import { EMPTY, type Expression, type Expressions, NOTHING } from './expression.ts';

export type State = number;

/** The state that no text leads out of. */
export const DEAD: State = NOTHING;

export interface Automaton {
  readonly start: State;
  /** Every state but `DEAD` can be completed: expressions of no text are always written as `NOTHING`. */
  next(state: State, byte: number): State;
  /** Whether the text so far is whole. */
  accepts(state: State): boolean;
  /** Whether it is whole and nothing may follow. */
  isComplete(state: State): boolean;
  /** To be called before each token: the work allowed for one begins anew. */
  rest(): void;
}

/** `start` and the rules it uses must be complete: later expressions may bring no new sets of bytes. */
export function createAutomaton(expressions: Expressions, start: Expression): Automaton {
  const { node, matchesEmpty, either, repeat, sequence, work, keep } = expressions;
  const { classOf, members } = byteClasses(expressions.sets());
  /** Derivatives by class, -1 where not known yet. */
  const rows: (Int32Array | undefined)[] = [];

  const derive = (expression: Expression, byteClass: number): Expression => {
    const old = rows[expression]?.[byteClass] ?? -1;
    if (old !== -1) return old;
    work(1);
    const made = derivative(expression, byteClass);
    let row = rows[expression];
    if (row === undefined) {
      keep(64 + 4 * members.length);
      row = new Int32Array(members.length).fill(-1);
      rows[expression] = row;
    }
    row[byteClass] = made;
    return made;
  };

  const derivative = (expression: Expression, byteClass: number): Expression => {
    const made = node(expression);
    switch (made.kind) {
      case 'nothing':
      case 'empty':
        return NOTHING;
      case 'bytes':
        return made.set[members[byteClass] as number] === 1 ? EMPTY : NOTHING;
      case 'concat': {
        const after = followedBy(derive(made.first, byteClass), made.rest);
        return matchesEmpty(made.first) ? either([after, derive(made.rest, byteClass)]) : after;
      }
      case 'either':
        return either(made.options.map((option) => derive(option, byteClass)));
      case 'repeat':
        return followedBy(
          derive(made.of, byteClass),
          repeat(made.of, Math.max(0, made.min - 1), made.max - 1),
        );
      case 'rule':
        return derive(bodyOf(made.rule), byteClass);
      default:
        return made satisfies never;
    }
  };

  /** What a rule is in the end, as rules may be other rules for long. */
  const bodyOf = (rule: number): Expression => {
    let body = expressions.body(rule);
    for (let made = node(body); made.kind === 'rule'; made = node(body)) {
      work(1);
      body = expressions.body(made.rule);
    }
    return body;
  };

  /** (a | b) c as ac | bc: so a regular expression of n symbols has at most n + 1 alternatives (Antimirov 1996). */
  const followedBy = (first: Expression, rest: Expression): Expression => {
    const made = node(first);
    return made.kind === 'either'
      ? either(made.options.map((option) => sequence(option, rest)))
      : sequence(first, rest);
  };

  return {
    start,
    next: (state, byte) => derive(state, classOf[byte] as number),
    accepts: matchesEmpty,
    isComplete: (state) => state === EMPTY,
    rest: expressions.rest,
  };
}

/** The class of each byte, and one member of each class. */
function byteClasses(sets: readonly Uint8Array[]): { classOf: Uint8Array; members: number[] } {
  const classOf = new Uint8Array(256);
  const members: number[] = [];
  const known = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const key = sets.map((set) => set[byte]).join('');
    let number = known.get(key);
    if (number === undefined) {
      number = members.push(byte) - 1;
      known.set(key, number);
    }
    classOf[byte] = number;
  }
  return { classOf, members };
}
