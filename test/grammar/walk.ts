/** Random texts of a grammar, and whether a text is one of its. */

import { type Automaton, DEAD, type State } from '../../src/grammar/automaton.ts';
import { compileGrammar } from '../../src/grammar/grammar.ts';
import type { GrammarSetting } from '../../src/protocol/engine.ts';

const encoder = new TextEncoder();

const compiled = new WeakMap<GrammarSetting, Automaton>();

/** Whether the grammar allows exactly this text. The same object is compiled once. */
export function matches(grammar: GrammarSetting, text: string): boolean {
  const automaton = compiled.get(grammar) ?? compileGrammar(grammar);
  compiled.set(grammar, automaton);
  let state = automaton.start;
  for (const byte of encoder.encode(text)) {
    automaton.rest();
    state = automaton.next(state, byte);
  }
  return automaton.accepts(state);
}

/** A text of a regular expression: some bytes at random, then the shortest way to an end. */
export function randomText(grammar: GrammarSetting, random: () => number, steps: number): string {
  const { automaton, bytes, state } = randomStart(grammar, random, steps);
  return decode([...bytes, ...shortestEnd(automaton, state)]);
}

/** What closes soonest what is open in JSON, for the schemas of the tests. */
const closing = [...'"xend}]:0,'].map((character) => character.charCodeAt(0));

/** A JSON text: some bytes at random, sooner closing what is open, then closing all of it. */
export function randomJson(grammar: GrammarSetting, random: () => number): string {
  const { automaton, bytes, state: start } = randomStart(grammar, random, 40);
  let state = start;
  while (!automaton.accepts(state)) {
    automaton.rest();
    const before = state;
    const byte =
      closing.find((each) => automaton.next(before, each) !== DEAD) ?? onward(automaton, state)[0]?.[0];
    if (byte === undefined || bytes.length > 5000) throw new Error(`no end to ${decode(bytes)}`);
    bytes.push(byte);
    state = automaton.next(state, byte);
  }
  return decode(bytes);
}

function randomStart(
  grammar: GrammarSetting,
  random: () => number,
  steps: number,
): { automaton: Automaton; bytes: number[]; state: State } {
  const automaton = compileGrammar(grammar);
  const bytes: number[] = [];
  let state = automaton.start;
  while (bytes.length < steps && !(automaton.accepts(state) && random() < 0.3)) {
    const allowed = onward(automaton, state).map(([byte]) => byte);
    const sooner = allowed.filter((byte) => closing.includes(byte));
    const choice = sooner.length > 0 && random() < 0.5 ? sooner : allowed;
    const byte = choice[Math.floor(random() * choice.length)];
    if (byte === undefined) break;
    bytes.push(byte);
    state = automaton.next(state, byte);
  }
  return { automaton, bytes, state };
}

function onward(automaton: Automaton, state: State): (readonly [byte: number, next: State])[] {
  automaton.rest();
  return Array.from({ length: 256 }, (_, byte) => [byte, automaton.next(state, byte)] as const).filter(
    ([, next]) => next !== DEAD,
  );
}

/** Breadth first; throws where there is no end. */
function shortestEnd(automaton: Automaton, start: State): number[] {
  const cameFrom = new Map<State, { readonly before: State; readonly byte: number }>();
  const seen = new Set([start]);
  for (const state of seen) {
    if (automaton.accepts(state)) {
      const bytes: number[] = [];
      for (let at = cameFrom.get(state); at !== undefined; at = cameFrom.get(at.before))
        bytes.unshift(at.byte);
      return bytes;
    }
    for (const [byte, next] of onward(automaton, state)) {
      if (seen.has(next)) continue;
      seen.add(next);
      cameFrom.set(next, { before: state, byte });
    }
  }
  throw new Error('the grammar has led to a dead end');
}

function decode(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
