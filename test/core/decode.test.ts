import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mix } from '../../src/core/index.ts';
import { markovExpert, pool, run, SIZE, table, weight } from './toy.ts';

const prompt = Int32Array.of(0);
const linear = { kind: 'linear' } as const;
const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const;

describe('the decode loop', () => {
  it('with one expert is that expert’s own decode, step by step', async () => {
    await fc.assert(
      fc.asyncProperty(table, pool, async (logits, rule) => {
        const expert = markovExpert('a', logits);
        const { tokens } = await run({
          mix: () => ({ participants: [{ expert, prompt, weight: 3 }], pool: rule }),
        });
        let last = 0;
        for (const token of tokens) {
          const row = Float32Array.from(logits[last] ?? []);
          expect(row[token]).toBe(Math.max(...row));
          last = token;
        }
        expect(tokens).toHaveLength(12);
      }),
      { numRuns: 50 },
    );
  });

  it('of an expert beside one of weight 0 is the expert alone, and the other is never run', async () => {
    await fc.assert(
      fc.asyncProperty(table, pool, fc.nat(1000), async (logits, rule, seed) => {
        const expert = markovExpert('a', logits);
        const off = { ...markovExpert('b', logits), logits: () => Promise.reject(new Error('was run')) };
        const alone = await run(
          { mix: () => ({ participants: [{ expert, prompt, weight: 1 }], pool: rule }), sampling },
          seed,
        );
        const both = await run(
          {
            mix: () => ({
              participants: [
                { expert: off, prompt, weight: 0 },
                { expert, prompt, weight: 1 },
              ],
              pool: rule,
            }),
            sampling,
          },
          seed,
        );
        expect(both.tokens).toEqual(alone.tokens);
      }),
      { numRuns: 50 },
    );
  });

  it('does not depend on the order of the experts or the scale of their weights', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, weight, weight, pool, async (a, b, wa, wb, rule) => {
        const [x, y] = [markovExpert('a', a), markovExpert('b', b)];
        const mix = (scale: number, reverse: boolean): Mix => {
          const participants = [
            { expert: x, prompt, weight: wa * scale },
            { expert: y, prompt, weight: wb * scale },
          ];
          return { participants: reverse ? participants.reverse() : participants, pool: rule };
        };
        const plain = await run({ mix: () => mix(1, false) });
        const other = await run({ mix: () => mix(4, true) });
        for (const [i, step] of plain.steps.entries()) {
          expect(Math.abs(step.logProb - (other.steps[i]?.logProb ?? Number.NaN))).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('takes a change of the mix into account at the next token', async () => {
    const says = (token: number) =>
      markovExpert(
        `says ${token}`,
        new Array(SIZE).fill(0).map(() => one(token)),
      );
    const [one1, two2] = [says(1), says(2)];
    let asked = 0;
    const { tokens, steps } = await run({
      maxTokens: 6,
      mix: () => ({
        participants: [{ expert: ++asked <= 3 ? one1 : two2, prompt, weight: 1 }],
        pool: linear,
      }),
    });
    expect(tokens).toEqual([1, 1, 1, 2, 2, 2]);
    expect(steps[3]?.participants[0]?.expert.name).toBe('says 2');
  });

  it('gives an expert that joins late the whole context', async () => {
    const seen: number[][] = [];
    const expert = markovExpert(
      'early',
      new Array(SIZE).fill(0).map(() => one(4)),
    );
    const late = {
      ...expert,
      name: 'late',
      logits: async (context: Int32Array, options: { rows: number }) => {
        seen.push([...context]);
        return expert.logits(context, options);
      },
    };
    let asked = 0;
    await run({
      maxTokens: 4,
      mix: () => ({
        participants:
          ++asked <= 2
            ? [{ expert, prompt, weight: 1 }]
            : [
                { expert, prompt, weight: 1 },
                { expert: late, prompt: Int32Array.of(5, 6), weight: 1 },
              ],
        pool: linear,
      }),
    });
    expect(seen).toEqual([
      [5, 6, 4, 4],
      [5, 6, 4, 4, 4],
    ]);
  });

  it('stops at a stop token, at maxTokens, at a full context, without experts, and when cancelled', async () => {
    const expert = markovExpert(
      'a',
      new Array(SIZE).fill(0).map(() => one(3)),
      5,
    );
    const mix = (): Mix => ({ participants: [{ expert, prompt, weight: 1 }], pool: linear });
    expect(await run({ mix, stopTokens: new Set([3]) })).toMatchObject({ tokens: [3], end: 'end' });
    expect(await run({ mix, maxTokens: 2 })).toMatchObject({ tokens: [3, 3], end: 'length' });
    expect(await run({ mix })).toMatchObject({ tokens: [3, 3, 3, 3], end: 'length' });
    expect(await run({ mix: () => ({ participants: [], pool: linear }) })).toMatchObject({
      tokens: [],
      end: 'cancelled',
    });
    expect(await run({ mix, signal: { aborted: true } })).toMatchObject({ tokens: [], end: 'cancelled' });
  });

  it('stops within one step of being cancelled', async () => {
    const controller = new AbortController();
    let calls = 0;
    const expert = markovExpert(
      'a',
      new Array(SIZE).fill(0).map(() => one(3)),
    );
    const counting: typeof expert = {
      ...expert,
      logits: (context, options) => {
        if (++calls === 3) controller.abort();
        return expert.logits(context, options);
      },
    };
    const { tokens, end } = await run({
      mix: () => ({ participants: [{ expert: counting, prompt, weight: 1 }], pool: linear }),
      signal: controller.signal,
    });
    expect({ tokens: tokens.length, end, calls }).toEqual({ tokens: 2, end: 'cancelled', calls: 3 });
  });

  it('never draws a banned token or a padding row', async () => {
    const padded = markovExpert(
      'padded',
      new Array(SIZE).fill(0).map(() => [...one(2), 99, 99]),
    );
    const expert = { ...padded, vocabularySize: SIZE };
    const { tokens } = await run({
      mix: () => ({ participants: [{ expert, prompt, weight: 1 }], pool: linear }),
      bannedTokens: new Set([2]),
    });
    expect(tokens.every((token) => token < SIZE && token !== 2)).toBe(true);
  });

  it('goes on where an expert with a longer context takes over the same prompt', async () => {
    const rows = new Array(SIZE).fill(0).map(() => one(3));
    const [small, large] = [markovExpert('small', rows, 4), markovExpert('large', rows, 50)];
    let asked = 0;
    const { tokens } = await run({
      mix: () => ({
        participants: [{ expert: asked++ < 2 ? small : large, prompt, weight: 1 }],
        pool: linear,
      }),
      maxTokens: 12,
    });
    expect(tokens).toHaveLength(12);
  });

  it('refuses experts of different vocabularies with both names', async () => {
    const a = markovExpert('a', [[0, 1]]);
    const b = markovExpert('b', [[0, 1, 2]]);
    const mix = (): Mix => ({
      participants: [a, b].map((expert) => ({ expert, prompt, weight: 1 })),
      pool: linear,
    });
    await expect(run({ mix })).rejects.toThrow(/'b' has a vocabulary of 3 tokens, others of 2/);
  });

  it('reports log-probability, shares, weights, entropy and agreement of every token', async () => {
    const a = markovExpert(
      'a',
      new Array(SIZE).fill(0).map(() => one(1)),
    );
    const b = markovExpert(
      'b',
      new Array(SIZE).fill(0).map(() => new Array<number>(SIZE).fill(0)),
    );
    const { steps } = await run({
      maxTokens: 1,
      mix: () => ({
        participants: [
          { expert: a, prompt, weight: 3 },
          { expert: b, prompt, weight: 1 },
        ],
        pool: linear,
      }),
    });
    const m = 0.75 + 0.25 / SIZE;
    expect(steps[0]?.logProb).toBeCloseTo(Math.log(m), 6);
    expect(steps[0]?.weights).toEqual([0.75, 0.25]);
    expect(steps[0]?.shares[1]).toBeCloseTo(0.25 / SIZE / m, 6);
    expect(steps[0]?.agreement).toBeCloseTo(1 / SIZE, 6);
    expect(steps[0]?.entropy).toBeGreaterThan(0);
  });
});

function one(token: number): number[] {
  return new Array<number>(SIZE).fill(0).map((_, x) => (x === token ? 40 : 0));
}
