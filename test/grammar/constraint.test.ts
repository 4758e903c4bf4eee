import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grammarConstraint } from '../../src/grammar/constraint.ts';
import { compileGrammar } from '../../src/grammar/grammar.ts';
import { createTokenTrie } from '../../src/grammar/token-trie.ts';
import { bytesOf, logitRow, markovExpert, run, SIZE } from '../core/toy.ts';

const END = 6;
const vocabulary = ['a', 'b', 'ab', 'ba', 'a', 'aba', ''];
const bytes = bytesOf(vocabulary);
const trie = createTokenTrie(SIZE, bytes);
const patterns = ['(ab)*', 'a{2,5}', '(a|b)*aa', 'b?(ab|ba){1,3}', 'a*b*', ''];
const constraintOf = (pattern: string, opening = '') =>
  grammarConstraint({
    automaton: compileGrammar({ kind: 'regex', pattern }, new TextEncoder().encode(opening)),
    trie,
    bytes,
    ends: new Set([END]),
  });
const matches = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`).test(text);
/** Whether some text that begins with `text` matches; the patterns need no more than this many letters. */
const canGoOn = (pattern: string, text: string): boolean => {
  let open = [text];
  for (let more = 0; more < 7; more++) {
    if (open.some((each) => matches(pattern, each))) return true;
    open = open.flatMap((each) => [`${each}a`, `${each}b`]);
  }
  return false;
};

describe('a grammar over tokens', () => {
  it('allows exactly the tokens after which the text can still be completed, and keeps their probabilities', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...patterns),
        fc.array(fc.nat(SIZE - 2), { maxLength: 3 }),
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: SIZE, maxLength: SIZE }),
        (pattern, tokens, given) => {
          const text = tokens.map((token) => vocabulary[token]).join('');
          fc.pre(canGoOn(pattern, text));
          const constraint = constraintOf(pattern);
          for (const token of tokens) constraint.accept(token);
          const probabilities = Float64Array.from(given);
          constraint.restrict(probabilities);
          for (const [token, more] of vocabulary.entries()) {
            const may = token === END ? matches(pattern, text) : canGoOn(pattern, text + more);
            expect(probabilities[token], `${pattern}: ${text} + ${more}`).toBe(may ? given[token] : 0);
          }
          expect(constraint.isComplete()).toBe(
            matches(pattern, text) && !canGoOn(pattern, `${text}a`) && !canGoOn(pattern, `${text}b`),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('makes every answer match, whatever the expert would rather say; without it hardly any does', async () => {
    let free = 0;
    let answers = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(logitRow, { minLength: SIZE, maxLength: SIZE }),
        fc.constantFrom('(ab)*', 'a{2,5}', 'b?(ab|ba){1,3}'),
        fc.constantFrom('', 'a', 'bab'),
        async (table, pattern, opening) => {
          const expert = markovExpert('a', table);
          const decoded = async (constraint?: ReturnType<typeof constraintOf>): Promise<string> => {
            const { tokens, end } = await run({
              mix: () => ({
                participants: [{ expert, prompt: Int32Array.of(0), weight: 1 }],
                pool: { kind: 'linear' },
              }),
              sampling: { temperature: 1, topK: 0, topP: 1, minP: 0 },
              stopTokens: new Set([END]),
              constraint,
              maxTokens: 40,
            });
            const text = tokens.map((token) => vocabulary[token]).join('');
            return end === 'end' ? text : 'unfinished';
          };
          const text = await decoded(constraintOf(pattern, opening));
          if (text !== 'unfinished') {
            answers++;
            expect(text.startsWith(opening) && matches(pattern, text.slice(opening.length)), text).toBe(true);
          }
          if (matches(pattern, (await decoded()).slice(opening.length))) free++;
        },
      ),
      { numRuns: 60 },
    );
    expect(answers).toBeGreaterThan(30);
    expect(free).toBeLessThan(answers / 2);
  });

  it('leaves nothing where no token can go on', () => {
    const probabilities = new Float64Array(SIZE).fill(1);
    constraintOf('c').restrict(probabilities);
    expect([...probabilities]).toEqual(new Array(SIZE).fill(0));
  });
});
