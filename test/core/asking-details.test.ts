/** What the ways of asking owe to the experts, to whoever guesses, and to others who ask the same experts. */

import { describe, expect, it } from 'vitest';
import { type Asking, type Drafts, type Expert, type Mix, promptLookup } from '../../src/core/index.ts';
import { counted, favour, markovExpert, run, SIZE } from './toy.ts';

const prompt = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1);
const waysToAsk: readonly Asking[] = ['together', 'inTurn', 'lazily'];

/** 0, 1, 2, 0, 1, 2, ... */
const cycle = Array.from({ length: SIZE }, (_, x) => favour((x + 1) % 3));

const mixOf = (experts: readonly Expert[], change: Partial<Mix> = {}): Mix => ({
  participants: experts.map((expert) => ({ expert, prompt, weight: 1 })),
  pool: { kind: 'linear' },
  ...change,
});

describe.each(waysToAsk)('asked %s', (asking) => {
  it('an expert that was cancelled ends the answer, whoever else answered', async () => {
    for (const guesses of [undefined, promptLookup()]) {
      let calls = 0;
      const steady = markovExpert('steady', cycle);
      const leaving: Expert = {
        ...steady,
        name: 'leaving',
        logits: async (context, options) => (++calls > 2 ? 'cancelled' : steady.logits(context, options)),
      };
      const mix = mixOf([steady, leaving]);
      const { end, tokens } = await run({ mix: () => mix, asking, drafts: guesses, maxTokens: 40 });
      expect(end).toBe('cancelled');
      expect(tokens.length).toBeLessThan(40);
    }
  });

  it('guesses from the context save runs', async () => {
    const [a, b] = [counted(markovExpert('a', cycle)), counted(markovExpert('b', cycle))];
    const mix = mixOf([a.expert, b.expert]);
    const options = { mix: () => mix, asking, maxTokens: 40 };
    const plain = await run(options);
    const before = a.calls() + b.calls();
    const quick = await run({ ...options, drafts: promptLookup() });
    expect(quick.tokens).toEqual(plain.tokens);
    expect(a.calls() + b.calls() - before).toBeLessThan(0.6 * before);
  });

  it('whoever guesses is told how much fits and how much was right', async () => {
    const asked: number[] = [];
    const told: (readonly [number, number])[] = [];
    const drafts: Drafts = {
      propose: (context, most) => {
        asked.push(most);
        // Two that are right, then one that is not.
        const last = context[context.length - 1] ?? 0;
        return [(last + 1) % 3, (last + 2) % 3, 5].slice(0, most);
      },
      learn: (proposed, accepted) => told.push([proposed, accepted]),
    };
    const mix = mixOf([markovExpert('a', cycle, prompt.length + 5), markovExpert('b', cycle, 60)]);
    const { tokens, end } = await run({ mix: () => mix, asking, drafts, maxTokens: 30 });
    expect({ length: tokens.length, end }).toEqual({ length: 5, end: 'length' });
    // The last token that fits is never guessed at: nothing would follow it.
    expect(Math.max(...asked)).toBe(4);
    expect(told[0]).toEqual([3, 2]);
  });

  it('rows that are not used yet are safe from others who ask the same experts', async () => {
    const shared = (name: string): Expert => {
      const buffer = new Float32Array(8 * SIZE);
      const toy = markovExpert(name, cycle);
      return {
        ...toy,
        logits: async (context, options) => {
          const answer = await toy.logits(context, options);
          if (answer === 'cancelled') return answer;
          buffer.set(answer.logits);
          return { logits: buffer.subarray(0, answer.logits.length) };
        },
      };
    };
    const experts = [shared('a'), shared('b')];
    const mix = mixOf(experts);
    const disturbing = async (): Promise<Mix> => {
      for (const { logits } of experts) await logits(Int32Array.of(4, 4, 4, 1), { rows: 4 });
      return mix;
    };
    const { tokens } = await run({ mix: disturbing, asking, drafts: promptLookup(), maxTokens: 20 });
    expect(tokens).toEqual(Array.from({ length: 20 }, (_, i) => (i + 2) % 3));
  });

  it('an expert that can only say what is banned leaves the word to the others', async () => {
    const only = (token: number): number[][] =>
      cycle.map((row) => row.map((_, x) => (x === token ? 0 : Number.NEGATIVE_INFINITY)));
    const [mute, speaks] = [markovExpert('mute', only(6)), markovExpert('speaks', cycle)];
    const mix = mixOf([mute, speaks]);
    const { tokens } = await run({ mix: () => mix, asking, bannedTokens: new Set([6]), maxTokens: 6 });
    expect(tokens).toEqual([2, 0, 1, 2, 0, 1]);
  });
});

describe('vetoes asked in turn', () => {
  it('propose nothing: the guesses are those of the voices', async () => {
    const voices = [counted(markovExpert('a', cycle)), counted(markovExpert('b', cycle))];
    const against = counted(
      markovExpert(
        'veto',
        cycle.map(() => favour(4)),
      ),
    );
    const mix = mixOf(
      voices.map(({ expert }) => expert),
      { vetoes: [{ expert: against.expert, prompt, weight: 0.01 }] },
    );
    const { tokens } = await run({ mix: () => mix, asking: 'inTurn', maxTokens: 30 });
    expect(tokens).toHaveLength(30);
    const runs = [...voices, against].map(({ calls }) => calls()).reduce((a, b) => a + b, 0);
    // Every guess was right but those made after a veto was asked first; at worst two runs a token.
    expect(runs).toBeLessThan(60);
  });
});
