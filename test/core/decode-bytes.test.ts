import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ByteParticipant,
  type DecodeBytesOptions,
  type DecodeEnd,
  decodeBytes,
  type Pool,
  type Step,
  seededRandom,
} from '../../src/core/index.ts';
import { greedySampling, pool, weight } from './toy.ts';
import {
  allowed,
  contextExpert,
  coverProbability,
  letters,
  merges,
  scrambled,
  type Toy,
  toyBpe,
} from './toy-bytes.ts';

const linear: Pool = { kind: 'linear' };
const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const;

function participant(toy: Toy, seed: number, change: Partial<ByteParticipant> = {}): ByteParticipant {
  const expert = contextExpert(toy.spelled.length, (context) => scrambled(seed, context, toy.spelled.length));
  return {
    expert,
    prompt: Int32Array.of(0),
    weight: 1,
    vocabulary: toy.vocabulary,
    opening: new Uint8Array(0),
    ...change,
  };
}

async function run(
  options: Partial<DecodeBytesOptions> & Pick<DecodeBytesOptions, 'mix'>,
): Promise<{ steps: Step[]; bytes: number[]; end: DecodeEnd }> {
  const steps: Step[] = [];
  const loop = decodeBytes({
    sampling: greedySampling,
    random: seededRandom(1),
    maxTokens: 6,
    tolerance: 0,
    observe: true,
    ...options,
  });
  for (;;) {
    const { done, value } = await loop.next();
    if (done) return { steps, bytes: steps.map(({ token }) => token), end: value };
    steps.push(value);
  }
}

const fixed = (participants: readonly ByteParticipant[], rule: Pool = linear) => {
  const mix = { participants, pool: rule };
  return () => mix;
};

describe('the decode loop over bytes', () => {
  it('pools experts of different vocabularies, each as it is alone', async () => {
    await fc.assert(
      fc.asyncProperty(merges, merges, fc.nat(), weight, async (a, b, seed, w) => {
        const toys = [toyBpe(a), toyBpe(b)] as const;
        const both = [participant(toys[0], seed), participant(toys[1], seed + 1, { weight: w })];
        const { steps, bytes } = await run({ mix: fixed(both), sampling, maxTokens: 3 });
        let mixed = 0;
        for (const [i, step] of steps.entries()) {
          if (step.token > 2) break;
          mixed = step.logProb;
          // By enumeration: P(b c) / P(b) of each, then the linear pool.
          const alone = toys.map((toy, j) => {
            const next = (drawn: readonly number[]) =>
              allowed(
                toy,
                scrambled(
                  seed + j,
                  [0, ...toy.encode(drawn.flatMap((t) => [...(toy.spelled[t] ?? [])]))],
                  toy.spelled.length,
                ),
              );
            return (
              coverProbability(toy, bytes.slice(0, i + 1), next) /
              coverProbability(toy, bytes.slice(0, i), next)
            );
          });
          const m = ((alone[0] ?? 0) + w * (alone[1] ?? 0)) / (1 + w);
          expect(mixed).toBeCloseTo(Math.log(m), 9);
          expect(step.shares[0]).toBeCloseTo((alone[0] ?? 0) / (1 + w) / m, 9);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('with identical experts, in whatever order and scale of weights, is one of them', async () => {
    await fc.assert(
      fc.asyncProperty(merges, fc.nat(), weight, weight, pool, async (pairs, seed, v, w, rule) => {
        const toy = toyBpe(pairs);
        const alone = await run({ mix: fixed([participant(toy, seed)], rule), sampling });
        const twice = [participant(toy, seed, { weight: v }), participant(toy, seed, { weight: w })];
        const both = await run({ mix: fixed(twice, rule), sampling });
        expect(both.bytes).toEqual(alone.bytes);
        for (const { agreement } of both.steps) expect(agreement).toBeCloseTo(1, 9);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on from what is given as if it had been drawn', async () => {
    await fc.assert(
      fc.asyncProperty(merges, letters(4), fc.nat(), async (pairs, given, seed) => {
        const toy = toyBpe(pairs);
        const opening = Uint8Array.from(given);
        const { steps } = await run({ mix: fixed([participant(toy, seed, { opening })]), maxTokens: 8 });
        const next = (drawn: readonly number[]) =>
          allowed(
            toy,
            scrambled(
              seed,
              [0, ...toy.encode(drawn.flatMap((t) => [...(toy.spelled[t] ?? [])]))],
              toy.spelled.length,
            ),
          );
        const first = steps[0];
        if (first === undefined || first.token > 2) return;
        const p = coverProbability(toy, [...given, first.token], next) / coverProbability(toy, given, next);
        expect(first.logProb).toBeCloseTo(Math.log(p), 9);
      }),
      { numRuns: 40 },
    );
  });

  it('counts its limit in tokens, and gives out no byte of one too many', async () => {
    const toy = toyBpe([[0, 0]]);
    const expert = contextExpert(toy.spelled.length, () =>
      toy.spelled.map((_, token) => (token === 3 ? 20 : 0)),
    );
    const mix = fixed([participant(toy, 0, { expert })]);
    expect(await run({ mix, maxTokens: 2 })).toMatchObject({ bytes: [0, 0, 0, 0], end: 'length' });
    expect(await run({ mix, maxTokens: 0 })).toMatchObject({ bytes: [], end: 'length' });
  });

  it('ends in a run of blanks too: one token of 32 bytes counts for four', async () => {
    // Tokens of 1, 2, 4, ... 32 times the first letter.
    const toy = toyBpe([0, 3, 4, 5, 6].map((token) => [token, token]));
    expect(toy.spelled[7]).toHaveLength(32);
    const expert = contextExpert(toy.spelled.length, () =>
      toy.spelled.map((_, token) => (token === 7 ? 20 : 0)),
    );
    const mix = fixed([participant(toy, 0, { expert })]);
    const { bytes, end } = await run({ mix, maxTokens: 6 });
    // By its tokens alone it would go on to 63: one of 32, and five pieces of the next.
    expect({ length: bytes.length, end }).toEqual({ length: 48, end: 'length' });
  });

  it('is cancelled by the signal, without experts, and by an expert', async () => {
    const toy = toyBpe([]);
    const mix = fixed([participant(toy, 1)]);
    expect(await run({ mix, signal: { aborted: true } })).toMatchObject({ bytes: [], end: 'cancelled' });
    expect(await run({ mix: fixed([]) })).toMatchObject({ bytes: [], end: 'cancelled' });
    const gone = { ...participant(toy, 1).expert, logits: async () => 'cancelled' as const };
    expect(await run({ mix: fixed([participant(toy, 1, { expert: gone })]) })).toMatchObject({
      end: 'cancelled',
    });
  });

  it('lets an expert join late, and is then near to what it says with all of the answer', async () => {
    const toy = toyBpe([
      [0, 1],
      [3, 2],
    ]);
    const none = toy.spelled.map((_, token) => (token >= toy.spelled.length - 2 ? -40 : 0));
    const expert = contextExpert(toy.spelled.length, (context) => {
      const values = scrambled(9, context.slice(-1), toy.spelled.length);
      return values.map((z, token) => z + (none[token] as number));
    });
    const first = participant(toy, 0, { expert });
    const late = participant(toy, 0, { expert, prompt: Int32Array.of(1) });
    let asked = 0;
    const [alone, both] = [
      { participants: [first], pool: linear },
      { participants: [first, late], pool: linear },
    ];
    const { steps } = await run({ mix: () => (++asked <= 60 ? alone : both), sampling, maxTokens: 45 });
    expect(steps.length).toBeGreaterThan(60);
    expect(steps[59]?.shares).toHaveLength(1);
    // It reads one token back, so what came before makes no difference to it.
    for (const { agreement } of steps.slice(60)) expect(agreement).toBeCloseTo(1, 3);
  });
});
