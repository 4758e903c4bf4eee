import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createContext,
  type DecodeOptions,
  type Expert,
  keptOf,
  type Mix,
  promptLookup,
} from '../../src/core/index.ts';
import { run, SIZE } from './toy.ts';

/** An expert whose logits depend on every token before them, and that is told of contexts that are too long. */
function readerOfAll(name: string, salt: number, contextLength: number): Expert {
  return {
    name,
    vocabularySize: SIZE,
    contextLength,
    logits: async (context, { rows }) => {
      if (context.length > contextLength) throw new Error(`${context.length} tokens are too many`);
      const logits = new Float32Array(rows * SIZE);
      let hash = salt;
      for (const [i, token] of context.entries()) {
        hash = (Math.imul(hash ^ (token + 1), 0x01000193) >>> 0) % 1_000_003;
        const row = i - (context.length - rows);
        if (row < 0) continue;
        for (let x = 0; x < SIZE; x++) logits[row * SIZE + x] = ((hash * (x + 3)) % 1009) / 256;
      }
      return { logits };
    },
  };
}

/** The definition: the answer's tokens one by one, each from the shortened contexts. */
async function byDefinition(mix: Mix, count: number): Promise<number[]> {
  const contexts = mix.participants.map(({ prompt }) => [...prompt]);
  const answer: number[] = [];
  while (answer.length < count) {
    const next = mix.participants.map(({ expert, prompt }, i) => {
      const context = contexts[i] ?? [];
      if (context.length < expert.contextLength) return context;
      const { first, newest } = keptOf(prompt.length, expert.contextLength);
      return [...context.slice(0, first), ...context.slice(-newest)];
    });
    const { tokens } = await run({
      mix: () => ({
        ...mix,
        participants: mix.participants.map((p, i) => ({ ...p, prompt: Int32Array.from(next[i] ?? []) })),
      }),
      maxTokens: 1,
    });
    const [token = -1] = tokens;
    answer.push(token);
    for (const [i, context] of next.entries()) contexts[i] = [...context, token];
  }
  return answer;
}

const ways: readonly Pick<DecodeOptions, 'asking' | 'drafts'>[] = [
  {},
  { drafts: promptLookup() },
  { asking: 'inTurn' },
  { asking: 'lazily' },
];
const token = fc.nat(SIZE - 1);

describe('a context that slides', () => {
  it('goes on as experts that were given the shortened contexts, however they are asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(token, { minLength: 1, maxLength: 14 }),
        fc.array(token, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 2, max: 16 }),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(1000),
        async (a, b, lengthA, lengthB, salt) => {
          const participant = (prompt: number[], length: number, i: number) => ({
            expert: readerOfAll(`e${i}`, salt + i, length),
            prompt: Int32Array.from(prompt.slice(0, length)),
            weight: 1 + i,
          });
          const mix: Mix = {
            participants: [participant(a, lengthA, 0), participant(b, lengthB, 1)],
            pool: { kind: 'linear' },
          };
          const expected = await byDefinition(mix, 40);
          for (const way of ways) {
            const { tokens, end } = await run({ mix: () => mix, maxTokens: 40, whenFull: 'slide', ...way });
            expect(end).toBe('length');
            expect(tokens).toEqual(expected);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('changes nothing while there is room, and without being asked for the answer ends (negative control)', async () => {
    const mix = (length: number): Mix => ({
      participants: [{ expert: readerOfAll('a', 7, length), prompt: Int32Array.of(1, 2, 3), weight: 1 }],
      pool: { kind: 'linear' },
    });
    const free = await run({ mix: () => mix(100), maxTokens: 30 });
    const roomy = mix(33);
    const tight = mix(20);
    expect((await run({ mix: () => roomy, maxTokens: 30, whenFull: 'slide' })).tokens).toEqual(free.tokens);
    expect((await run({ mix: () => tight, maxTokens: 30 })).tokens).toEqual(free.tokens.slice(0, 17));
    const slid = await run({ mix: () => tight, maxTokens: 30, whenFull: 'slide' });
    expect(slid.tokens).toHaveLength(30);
    expect(slid.tokens.slice(0, 17)).toEqual(free.tokens.slice(0, 17));
    expect(slid.tokens).not.toEqual(free.tokens);
  });

  it('keeps the beginning of the prompt and the newest tokens, in order, and always makes room', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.integer({ min: 2, max: 30 }), fc.nat(60), (promptLength, length, more) => {
        const prompt = Int32Array.from({ length: promptLength }, (_, i) => i);
        const answer: number[] = [];
        const context = createContext(prompt, answer, length);
        for (let i = 0; i < more; i++) {
          context.slide();
          expect(context.room()).toBeGreaterThan(0);
          answer.push(promptLength + i);
          const tokens = [...context.tokens([])];
          expect(tokens.length).toBeLessThanOrEqual(length);
          expect(tokens).toEqual([...tokens].sort((x, y) => x - y));
          const { first } = keptOf(promptLength, length);
          expect(tokens.slice(0, first)).toEqual([...prompt.subarray(0, first)]);
          expect(tokens.at(-1)).toBe(promptLength + i);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('cannot make room in a context of one token', async () => {
    const expert = readerOfAll('a', 7, 1);
    const mix: Mix = {
      participants: [{ expert, prompt: Int32Array.of(1), weight: 1 }],
      pool: { kind: 'linear' },
    };
    expect(await run({ mix: () => mix, whenFull: 'slide' })).toMatchObject({ tokens: [], end: 'length' });
  });
});
