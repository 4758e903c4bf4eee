/**
 * A vocabulary as a tree of bytes, laid out in the order in which it is walked: a mask over tens of thousands of tokens
 * then costs one pass, which leaves a whole branch out where the grammar does (as llguidance's toktrie does).
 */

import { compareBytes } from '../core/byte-vocabulary.ts';
import { type Automaton, DEAD, type State } from './automaton.ts';

export interface TokenTrie {
  /** Number of tokens: the highest id + 1. */
  readonly size: number;
  /** Sets the bit of each token that the grammar allows in `state`; `out` has a bit a token, [ceil(size / 32)]. */
  allowed(automaton: Automaton, state: State, out: Uint32Array): void;
}

/** @param bytes what each token stands for; empty for a token that no grammar may use */
export function createTokenTrie(size: number, bytes: (token: number) => Uint8Array): TokenTrie {
  const texts = Array.from({ length: size }, (_, token) => bytes(token));
  const order = Array.from({ length: size }, (_, token) => token).filter((token) => textOf(token).length > 0);
  order.sort((a, b) => compareBytes(textOf(a), textOf(b)));
  function textOf(token: number): Uint8Array {
    return texts[token] as Uint8Array;
  }

  const total = order.reduce((sum, token) => sum + textOf(token).length, 0);
  const byteAt = new Uint8Array(total);
  const depthAt = new Uint16Array(total);
  /** The node that follows when a branch is left out. */
  const after = new Uint32Array(total);
  /** Where the tokens that end at a node begin in `order`, and how many they are. */
  const firstAt = new Uint32Array(total);
  const countAt = new Uint32Array(total);
  let nodes = 0;
  const path: number[] = [];
  let previous: Uint8Array = new Uint8Array(0);
  for (const [at, token] of order.entries()) {
    const text = textOf(token);
    let shared = 0;
    while (shared < previous.length && previous[shared] === text[shared]) shared++;
    while (path.length > shared) after[path.pop() as number] = nodes;
    for (let depth = shared; depth < text.length; depth++) {
      byteAt[nodes] = text[depth] as number;
      depthAt[nodes] = depth;
      firstAt[nodes] = at;
      path.push(nodes++);
    }
    const end = path.at(-1) as number;
    if ((countAt[end] as number) === 0) firstAt[end] = at;
    countAt[end] = (countAt[end] as number) + 1;
    previous = text;
  }
  for (const node of path) after[node] = nodes;
  const longest = order.reduce((most, token) => Math.max(most, textOf(token).length), 0);
  const states = new Int32Array(longest + 1);

  return {
    size,
    allowed(automaton, state, out) {
      out.fill(0);
      states[0] = state;
      for (let node = 0; node < nodes; ) {
        const depth = depthAt[node] as number;
        const next = automaton.next(states[depth] as State, byteAt[node] as number);
        if (next === DEAD) {
          node = after[node] as number;
          continue;
        }
        states[depth + 1] = next;
        const first = firstAt[node] as number;
        for (let at = first; at < first + (countAt[node] as number); at++) {
          const token = order[at] as number;
          out[token >> 5] = (out[token >> 5] as number) | (1 << (token & 31));
        }
        node++;
      }
    },
  };
}
