import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mustBeginWith } from '../../src/core/index.ts';
import { bytesOf, logitRow, markovExpert, run, SIZE } from './toy.ts';

const vocabulary = ['a', 'b', 'ab', 'ba', 'aba', ' ', ' a'];
const bytes = bytesOf(vocabulary);
const prompt = Int32Array.of(0);

describe('an answer that must begin with an opening', () => {
  it('does, whatever the expert would rather say, and is free afterwards', async () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(logitRow, { minLength: SIZE, maxLength: SIZE }),
        letters,
        async (table, opening) => {
          const expert = markovExpert('a', table);
          const constraint = mustBeginWith(new TextEncoder().encode(opening), bytes);
          const { tokens } = await run({
            mix: () => ({ participants: [{ expert, prompt, weight: 1 }], pool: { kind: 'linear' } }),
            constraint,
          });
          const text = tokens.map((token) => vocabulary[token]).join('');
          expect(text.startsWith(opening)).toBe(true);
        },
      ),
    );
  });

  it('may go past the opening within one token, and leaves probabilities alone once it is written', () => {
    const constraint = mustBeginWith(new TextEncoder().encode('ab'), bytes);
    const restricted = new Float64Array(SIZE).fill(1);
    constraint.restrict(restricted);
    expect(vocabulary.filter((_, token) => restricted[token] === 1)).toEqual(['a', 'ab', 'aba']);
    constraint.accept(4);
    const free = new Float64Array(SIZE).fill(1);
    constraint.restrict(free);
    expect([...free]).toEqual(new Array(SIZE).fill(1));
  });

  it('never draws a token without text for it', () => {
    const constraint = mustBeginWith(new TextEncoder().encode('a'), (token) =>
      token === 0 ? new Uint8Array(0) : bytes(token),
    );
    const restricted = new Float64Array(SIZE).fill(1);
    constraint.restrict(restricted);
    expect(restricted[0]).toBe(0);
  });
});
