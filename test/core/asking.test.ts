import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Constraint,
  confidenceWeighting,
  type DecodeOptions,
  type Expert,
  fixedShareWeighting,
  fixedWeighting,
  isKept,
  type Mix,
  type Sampling,
  sample,
  seededRandom,
} from '../../src/core/index.ts';
import { chiSquareP } from './chi-square.ts';
import { counted, distribution, favour, markovExpert, pool, run, SIZE, table, weight } from './toy.ts';

const prompt = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1);
const linear = { kind: 'linear' } as const;
const unfiltered = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const;
const weightings = fc.constantFrom(fixedWeighting, fixedShareWeighting, confidenceWeighting);
const samplings: fc.Arbitrary<Sampling> = fc.constantFrom(
  { ...unfiltered, temperature: 0 },
  unfiltered,
  { ...unfiltered, temperature: 1.7 },
  { ...unfiltered, topK: 3 },
  { ...unfiltered, topP: 0.7 },
  { ...unfiltered, minP: 0.2 },
);

/** Never the same token twice in a row: a constraint that depends on what was drawn. */
function noRepeats(): Constraint {
  let last = -1;
  return {
    restrict(probabilities) {
      if (last >= 0) probabilities[last] = 0;
    },
    accept(token) {
      last = token;
    },
  };
}

describe('experts asked in turn', () => {
  const experts = fc.array(fc.tuple(table, weight), { minLength: 1, maxLength: 4 });

  it('give every token, weight and probability that asking all at once gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(experts, pool, weightings, samplings),
        fc.boolean(),
        fc.nat(1000),
        async ([tables, rule, weighting, sampling], constrained, seed) => {
          const mix: Mix = {
            participants: tables.map(([logits, w], i) => ({
              expert: markovExpert(`${i}`, logits),
              prompt: prompt.slice(i),
              weight: w,
            })),
            pool: rule,
            weighting,
          };
          const options = () => ({
            mix: () => mix,
            sampling,
            stopTokens: new Set([5, 6]),
            bannedTokens: new Set([4]),
            constraint: constrained ? noRepeats() : undefined,
          });
          const plain = await run(options(), seed);
          const inTurn = await run({ ...options(), asking: 'inTurn' }, seed);
          expect(inTurn.tokens).toEqual(plain.tokens);
          expect(inTurn.end).toBe(plain.end);
          for (const [i, step] of inTurn.steps.entries()) {
            expect(step.weights).toEqual(plain.steps[i]?.weights);
            expect(step.logProb).toBe(plain.steps[i]?.logProb);
          }
        },
      ),
    );
  });

  it('need one run a token where they agree, two experts or three, by chance or not', async () => {
    const logits = Array.from({ length: SIZE }, (_, row) =>
      Array.from({ length: SIZE }, (_, x) => Math.sin(3 * row + x)),
    );
    for (const count of [2, 3]) {
      for (const temperature of [0, 1]) {
        const { experts: alike, calls } = counting(Array.from({ length: count }, () => logits));
        const { tokens } = await run({
          mix: steady(alike),
          sampling: { ...unfiltered, temperature },
          asking: 'inTurn',
          maxTokens: 40,
        });
        expect(tokens).toHaveLength(40);
        expect(calls()).toBe(40 + count - 1);
      }
    }
  });

  it('of whom one leaves are asked anew, and the guesses of the other mix are void', async () => {
    const [one, two] = [favour(1), favour(2)].map((row, i) =>
      markovExpert(
        `${i}`,
        Array.from({ length: SIZE }, () => row),
      ),
    ) as [Expert, Expert];
    const both = steady([one, two], [0.9, 0.1])();
    const second = steady([two])();
    let drawn = 0;
    const { tokens } = await run({
      maxTokens: 6,
      mix: () => (drawn++ < 3 ? both : second),
      asking: 'inTurn',
    });
    expect(tokens).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

describe('experts asked lazily', () => {
  it('give greedily the tokens that asking all at once gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(table, weight), { minLength: 1, maxLength: 4 }),
        fc.tuple(pool, weightings),
        fc.boolean(),
        async (tables, [rule, weighting], constrained) => {
          const mix: Mix = {
            participants: tables.map(([logits, w], i) => ({
              expert: markovExpert(`${i}`, logits),
              prompt,
              weight: w,
            })),
            pool: rule,
            weighting,
          };
          const options = () => ({
            mix: () => mix,
            stopTokens: new Set([5, 6]),
            bannedTokens: new Set([4]),
            constraint: constrained ? noRepeats() : undefined,
          });
          const plain = await run(options());
          const lazy = await run({ ...options(), asking: 'lazily' });
          expect(lazy.tokens).toEqual(plain.tokens);
          expect(lazy.end).toBe(plain.end);
          for (const { shares } of lazy.steps) expect(sum(shares)).toBeCloseTo(1, 9);
        },
      ),
    );
  });

  it('are not run where the others’ lead is larger than their weight, and are where it is not', async () => {
    const { experts, calls } = counting([
      Array.from({ length: SIZE }, () => favour(1)),
      Array.from({ length: SIZE }, () => favour(2)),
    ]);
    const options = { asking: 'lazily', maxTokens: 10 } as const;
    const far = await run({ ...options, mix: steady(experts, [0.6, 0.4]) });
    expect(far.steps.every(({ evaluated }) => evaluated[0] === true && evaluated[1] === false)).toBe(true);
    expect(far.steps[0]?.logProb).toBeNaN();
    expect(calls()).toBe(10);
    const even = await run({ ...options, mix: steady(experts, [0.5, 0.5]) });
    expect(even.steps.every(({ evaluated }) => evaluated[0] === true && evaluated[1] === true)).toBe(true);
    expect(even.steps[0]?.logProb).not.toBeNaN();
  });

  it('are asked at once while the heaviest is seldom enough, and in turn again when it is', async () => {
    const unsureUntil = (position: number): Expert => {
      const sure = Array.from({ length: SIZE }, () => favour(1));
      const unsure = sure.map((row) => row.map(() => 0));
      const [early, late] = [markovExpert('', unsure, 300), markovExpert('a', sure, 300)];
      return {
        ...late,
        logits: (context, options) =>
          (context.length < prompt.length + position ? early : late).logits(context, options),
      };
    };
    const other = markovExpert(
      'b',
      Array.from({ length: SIZE }, () => favour(2)),
      300,
    );
    const mix = steady([unsureUntil(60), other], [0.7, 0.3]);
    const { steps } = await run({ mix, asking: 'lazily', maxTokens: 200 });
    const alone = steps.map(({ evaluated }) => evaluated[1] === false);
    expect(alone.slice(0, 60)).not.toContain(true);
    expect(alone.slice(-60)).not.toContain(false);
  });

  it('by chance are run once a token where nothing is filtered', async () => {
    const { experts, calls } = counting([
      Array.from({ length: SIZE }, () => favour(1)),
      Array.from({ length: SIZE }, () => favour(2)),
    ]);
    const { steps } = await run({
      mix: steady(experts),
      asking: 'lazily',
      sampling: unfiltered,
      maxTokens: 40,
    });
    expect(calls()).toBe(40);
    // Who supplied a token is who it was drawn from: over many tokens the shares are those of the weights here.
    expect(sum(steps.map(({ shares }) => shares[0] ?? 0)) / 40).toBeGreaterThan(0.3);
    for (const { token, shares } of steps) expect(shares[token - 1]).toBe(1);
  });

  it('catch up on what they missed', async () => {
    const seen: string[] = [];
    const watched = ['a', 'b'].map((name): Expert => {
      const expert = markovExpert(
        name,
        Array.from({ length: SIZE }, () => favour(name === 'a' ? 1 : 2)),
      );
      return {
        ...expert,
        logits: (context, options) => {
          seen.push(`${name}${context.slice(prompt.length).join('')}`);
          return expert.logits(context, options);
        },
      };
    });
    const { tokens } = await run({
      mix: steady(watched),
      asking: 'lazily',
      sampling: unfiltered,
      maxTokens: 8,
    });
    expect(seen).toEqual(
      tokens.map((token, i) => `${token === 1 ? 'a' : 'b'}${tokens.slice(0, i).join('')}`),
    );
  });
});

describe('drawing by chance', () => {
  const rows = seededRandom(11);
  const tables = [0, 1, 2].map(() =>
    Array.from({ length: SIZE }, () => Array.from({ length: SIZE }, () => 6 * rows() - 3)),
  );
  const weights = [0.5, 0.3, 0.2];
  const experts = tables.map((logits, i) => markovExpert(`${i}`, logits));
  const stopTokens = new Set([5, 6]);
  const filters: readonly Sampling[] = [
    unfiltered,
    { ...unfiltered, topK: 3 },
    { ...unfiltered, topP: 0.6 },
    { ...unfiltered, minP: 0.3 },
    { ...unfiltered, topK: 4, topP: 0.9, minP: 0.1 },
  ];
  const banned = new Set([3]);
  const first = Int32Array.of(2);

  /** What the sampler makes of the pool after `last`. */
  const exact = (last: number, sampling: Sampling): number[] => {
    const m = new Float64Array(SIZE);
    for (const [i, logits] of tables.entries()) {
      const { probabilities } = distribution(logits[last] ?? []);
      for (let x = 0; x < SIZE; x++) m[x] = (m[x] ?? 0) + (weights[i] ?? 0) * (probabilities[x] ?? 0);
    }
    for (const id of banned) m[id] = 0;
    const stop = (m[5] ?? 0) >= (m[6] ?? 0) ? 5 : 6;
    const joined = (m[5] ?? 0) + (m[6] ?? 0);
    m[5] = 0;
    m[6] = 0;
    m[stop] = joined;
    const tokens = kept(m, sampling);
    const keptMass = sum(tokens.map((x) => m[x] ?? 0));
    return [...m.keys()].map((x) => (tokens.includes(x) ? (m[x] ?? 0) / keptMass : 0));
  };

  /** Two tokens, as cells of a table; after a stop token none follows. */
  const expected = (sampling: Sampling): number[] =>
    exact(2, sampling).flatMap((p, x) =>
      stopTokens.has(x)
        ? [p, ...new Array<number>(SIZE - 1).fill(0)]
        : exact(x, sampling).map((next) => p * next),
    );

  const count = async (options: Partial<DecodeOptions>, used = weights): Promise<number[]> => {
    const counts = new Array<number>(SIZE * SIZE).fill(0);
    const mix: Mix = {
      participants: experts.map((expert, i) => ({ expert, prompt: first, weight: used[i] ?? 0 })),
      pool: linear,
    };
    for (let seed = 0; seed < 3000; seed++) {
      const { tokens } = await run(
        { mix: () => mix, stopTokens, bannedTokens: banned, maxTokens: 2, observe: false, ...options },
        seed,
      );
      const cell = SIZE * (tokens[0] ?? 0) + (tokens[1] ?? 0);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
    return counts;
  };

  for (const asking of ['together', 'inTurn', 'lazily'] as const) {
    it(`${asking} draws from the pool, whatever filters it (chi-square)`, async () => {
      for (const sampling of filters) {
        expect(chiSquareP(await count({ asking, sampling }), expected(sampling))).toBeGreaterThan(1e-3);
      }
    });
  }

  it('lazily counts a banned stop token for nothing', async () => {
    const change = {
      bannedTokens: new Set([3, 6]),
      stopTokens: new Set([5, 6]),
      sampling: unfiltered,
      maxTokens: 1,
    };
    const [together, lazily] = await Promise.all([
      count({ ...change }),
      count({ ...change, asking: 'lazily' }),
    ]);
    const first = (counts: readonly number[]): number[] =>
      Array.from({ length: SIZE }, (_, x) => sum(counts.slice(SIZE * x, SIZE * (x + 1))));
    const total = sum(together);
    expect(
      chiSquareP(
        first(lazily),
        first(together).map((n) => n / total),
      ),
    ).toBeGreaterThan(1e-4);
  });

  /** Control: the test would see it. */
  it('is told from drawing with other weights', async () => {
    const counts = await count({ sampling: unfiltered }, [0.4, 0.4, 0.2]);
    expect(chiSquareP(counts, expected(unfiltered))).toBeLessThan(1e-3);
  });

  /** Control: the mistakes that are easy to make are seen. */
  it('is told from the short cuts that change it', () => {
    const random = seededRandom(5);
    const draw = (p: readonly number[]): number => sample(Float64Array.from(p), unfiltered, random);
    const each = tables.map((logits) => [...distribution(logits[2] ?? []).probabilities]);
    const sampling = { ...unfiltered, topK: 3 };
    const wanted = exact(2, sampling);
    /** After a token that the filter cuts, only the token is drawn anew, not the expert. */
    const keepsTheExpert = (): number => {
      const p = each[draw(weights)] ?? [];
      const kept = p.map((value, x) => ((wanted[x] ?? 0) > 0 ? value : 0));
      return draw(kept);
    };
    /** The filter is applied to the expert that was drawn, not to the pool. */
    const filtersTheExpert = (): number =>
      sample(Float64Array.from(each[draw(weights)] ?? []), sampling, random);
    /** A guess of one expert is taken unchecked. */
    const takesTheGuess = (): number => sample(Float64Array.from(each[0] ?? []), sampling, random);
    const p = (drawOne: () => number): number => {
      const counts = new Array<number>(SIZE).fill(0);
      for (let i = 0; i < 6000; i++) {
        const x = drawOne();
        counts[x] = (counts[x] ?? 0) + 1;
      }
      return chiSquareP(counts, wanted);
    };
    expect(p(() => draw(wanted))).toBeGreaterThan(1e-3);
    for (const wrong of [keepsTheExpert, filtersTheExpert, takesTheGuess]) {
      expect(p(wrong)).toBeLessThan(1e-6);
    }
  });
});

describe('what is known of a filter', () => {
  // On a grid, so that ties and exact limits happen.
  const masses = fc.array(fc.nat(12), { minLength: SIZE, maxLength: SIZE });
  const limits = fc.record({
    temperature: fc.constant(1),
    topK: fc.nat(4),
    topP: fc.constantFrom(0.25, 0.5, 0.75, 1),
    minP: fc.constantFrom(0, 0.25, 0.5, 1),
  });

  it('is what the filter does, wherever the rest of the mass goes', () => {
    fc.assert(
      fc.property(masses, fc.array(fc.nat(SIZE - 1), { maxLength: 5 }), limits, (known, added, sampling) => {
        const whole = Float64Array.from(known);
        for (const x of added) whole[x] = (whole[x] ?? 0) + 1;
        for (let token = 0; token < SIZE; token++) {
          const verdict = isKept(token, Float64Array.from(known), added.length, sampling);
          // Only tokens that were drawn are asked about.
          if (verdict !== 'unknown' && known[token] !== 0)
            expect(verdict === 'kept').toBe(kept(whole, sampling).includes(token));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('with nothing left to add is certain', () => {
    fc.assert(
      fc.property(masses, limits, (whole, sampling) => {
        const wanted = kept(Float64Array.from(whole), sampling);
        for (let token = 0; token < SIZE; token++) {
          const verdict = isKept(token, Float64Array.from(whole), 0, sampling);
          if ((whole[token] ?? 0) > 0) expect(verdict).toBe(wanted.includes(token) ? 'kept' : 'cut');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('decides without the rest where it cannot matter', () => {
    const known = Float64Array.of(0.6, 0.2, 0.1);
    expect(isKept(0, known, 0.1, { ...unfiltered, topK: 1 })).toBe('kept');
    expect(isKept(1, known, 0.1, { ...unfiltered, topK: 1 })).toBe('cut');
    expect(isKept(1, known, 0.1, { ...unfiltered, topK: 2 })).toBe('unknown');
    expect(isKept(2, known, 0.1, { ...unfiltered, topP: 0.5 })).toBe('cut');
    expect(isKept(0, known, 0.1, { ...unfiltered, topP: 0.5 })).toBe('kept');
    expect(isKept(2, known, 0.1, { ...unfiltered, minP: 0.5 })).toBe('cut');
    expect(isKept(1, known, 0.1, { ...unfiltered, minP: 0.1 })).toBe('kept');
  });
});

/** The tokens that top-k, top-p and min-p keep, from their definitions. */
function kept(m: Float64Array, { topK, topP, minP }: Sampling): number[] {
  const order = [...m.keys()].sort((x, y) => (m[y] ?? 0) - (m[x] ?? 0) || x - y);
  return order.filter((x, rank) => {
    const before = sum(order.slice(0, rank).map((y) => m[y] ?? 0));
    const p = m[x] ?? 0;
    return (
      (topK === 0 || rank < topK) && before < topP * sum(m) && p > 0 && p >= minP * (m[order[0] ?? 0] ?? 0)
    );
  });
}

function steady(experts: readonly Expert[], weights?: readonly number[]): () => Mix {
  const participants = experts.map((expert, i) => ({ expert, prompt, weight: weights?.[i] ?? 1 }));
  const mix: Mix = { participants, pool: linear };
  return () => mix;
}

function counting(tables: readonly (readonly (readonly number[])[])[]): {
  experts: readonly Expert[];
  calls: () => number;
} {
  const all = tables.map((logits, i) => counted(markovExpert(`${i}`, logits)));
  return {
    experts: all.map(({ expert }) => expert),
    calls: () => sum(all.map(({ calls }) => calls())),
  };
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}
