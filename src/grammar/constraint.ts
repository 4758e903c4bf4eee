/** A grammar as a constraint on the pool: tokens that lead out of it get probability 0, and the end only where it may end. */

import type { Constraint } from '../core/constraint.ts';
import { type Automaton, DEAD, type State } from './automaton.ts';
import type { TokenTrie } from './token-trie.ts';

export interface GrammarConstraint extends Constraint {
  /** Whether the text is whole and nothing may follow: the answer ends, whether or not a model would say so. */
  isComplete(): boolean;
}

export interface GrammarConstraintOptions {
  readonly automaton: Automaton;
  readonly trie: TokenTrie;
  readonly bytes: (token: number) => Uint8Array;
  /** Tokens that end the answer; read anew at each token, as experts that join may add theirs. */
  readonly ends: ReadonlySet<number>;
}

/** Masks kept for states that come again, as inside a string; a mask has a bit a token. */
const MASKS = 128;

/** `restrict` throws a `ChorusError` where the grammar takes too much work to follow. */
export function grammarConstraint({
  automaton,
  trie,
  bytes,
  ends,
}: GrammarConstraintOptions): GrammarConstraint {
  const masks = new Map<State, Uint32Array>();
  let state = automaton.start;

  const maskOf = (wanted: State): Uint32Array => {
    const known = masks.get(wanted);
    if (known !== undefined) return known;
    automaton.rest();
    const [oldest] = masks.keys();
    const mask =
      (masks.size < MASKS || oldest === undefined ? undefined : masks.get(oldest)) ??
      new Uint32Array(Math.ceil(trie.size / 32));
    if (masks.size >= MASKS && oldest !== undefined) masks.delete(oldest);
    trie.allowed(automaton, wanted, mask);
    masks.set(wanted, mask);
    return mask;
  };

  return {
    restrict(probabilities) {
      const mask = maskOf(state);
      const mayEnd = automaton.accepts(state);
      const endings = [...ends].map((end) => [end, probabilities[end] as number] as const);
      for (let token = 0; token < probabilities.length; token++) {
        if ((((mask[token >> 5] ?? 0) >>> (token & 31)) & 1) === 0) probabilities[token] = 0;
      }
      for (const [end, probability] of endings) probabilities[end] = mayEnd ? probability : 0;
    },
    accept(token) {
      if (ends.has(token)) return;
      for (const byte of bytes(token)) state = automaton.next(state, byte);
      if (state === DEAD) throw new Error('a token was accepted that the grammar does not allow');
    },
    isComplete: () => automaton.isComplete(state),
  };
}
