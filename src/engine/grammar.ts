/** A request's grammar over what its answer is drawn from: the tokens of the experts, or bytes. */

import { BYTE_SYMBOLS, END_OF_BYTES } from '../core/byte-vocabulary.ts';
import { type GrammarConstraint, grammarConstraint } from '../grammar/constraint.ts';
import { compileGrammar } from '../grammar/grammar.ts';
import { createTokenTrie, type TokenTrie } from '../grammar/token-trie.ts';
import type { GrammarSetting, Unit } from '../protocol/engine.ts';
import type { Tokenizer } from '../runtime/tokenizer.ts';

export interface GrammarOptions {
  readonly unit: Unit;
  readonly tokenizer: Tokenizer;
  /** What an answer drawn token by token begins with before the grammar holds; by bytes it is given already. */
  readonly opening: Uint8Array;
  /** Tokens that end the answer; more may be added while it runs. */
  readonly ends: ReadonlySet<number>;
}

/** A vocabulary is laid out once, when the first grammar wants it: 0.14 s for 49,152 tokens. */
const tries = new WeakMap<Tokenizer, TokenTrie>();
const nothing = new Uint8Array(0);

/** Throws a `ChorusError` where the grammar cannot be followed. */
export function grammarFor(
  grammar: GrammarSetting,
  { unit, tokenizer, opening, ends }: GrammarOptions,
): GrammarConstraint {
  switch (unit) {
    case 'token':
      return grammarConstraint({
        automaton: compileGrammar(grammar, opening),
        trie: trieOf(tokenizer),
        bytes: tokenizer.bytes,
        ends,
      });
    case 'byte': {
      const bytes = (symbol: number): Uint8Array => (symbol < 256 ? Uint8Array.of(symbol) : nothing);
      return grammarConstraint({
        automaton: compileGrammar(grammar),
        trie: createTokenTrie(BYTE_SYMBOLS, bytes),
        bytes,
        ends: new Set([END_OF_BYTES]),
      });
    }
    default:
      return unit satisfies never;
  }
}

function trieOf(tokenizer: Tokenizer): TokenTrie {
  const known = tries.get(tokenizer);
  if (known !== undefined) return known;
  // A special token stands for no text.
  const made = createTokenTrie(tokenizer.size, (token) =>
    tokenizer.specialIds.has(token) ? nothing : tokenizer.bytes(token),
  );
  tries.set(tokenizer, made);
  return made;
}
