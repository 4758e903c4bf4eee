import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { totalVariation } from '../../src/core/index.ts';
import {
  allowed,
  chain,
  contextExpert,
  coverProbability,
  letters,
  merges,
  modelOf,
  probabilities,
  scrambled,
  type Toy,
  toyBpe,
  toyOf,
  wholeProbability,
} from './toy-bytes.ts';

/** Logits that depend on every token of the context. */
const readsTokens = (toy: Toy, seed: number) => (context: readonly number[]) =>
  scrambled(seed, context, toy.spelled.length);

const spelling = (toy: Toy, tokens: readonly number[]): number[] =>
  tokens.flatMap((token) => [...(toy.spelled[token] ?? [])]);

function close(actual: number, expected: number): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(1e-9);
}

describe('the next byte of one expert', () => {
  it('is the sum over every sequence of tokens that covers the bytes, each read as the tokenizer would cut it', async () => {
    await fc.assert(
      fc.asyncProperty(merges, letters(6), fc.nat(), async (pairs, bytes, seed) => {
        const toy = toyBpe(pairs);
        const logits = readsTokens(toy, seed);
        const next = (drawn: readonly number[]) =>
          allowed(toy, logits([0, ...toy.encode(spelling(toy, drawn))]));
        const { prefix, whole, masses } = await chain(
          modelOf(toy, contextExpert(toy.spelled.length, logits)),
          bytes,
        );
        close(prefix, coverProbability(toy, bytes, next));
        close(whole, wholeProbability(toy, bytes, next));
        for (const mass of masses) expect(mass).toBeCloseTo(1, 12);
      }),
      { numRuns: 150 },
    );
  });

  it('is the plain marginal over all token sequences where the expert reads only what they spell', async () => {
    await fc.assert(
      fc.asyncProperty(merges, letters(6), fc.nat(), async (pairs, bytes, seed) => {
        const toy = toyBpe(pairs);
        const logits = (context: readonly number[]) =>
          scrambled(seed, spelling(toy, context), toy.spelled.length);
        const next = (drawn: readonly number[]) => allowed(toy, logits([0, ...drawn]));
        const { prefix, whole } = await chain(modelOf(toy, contextExpert(toy.spelled.length, logits)), bytes);
        close(prefix, coverProbability(toy, bytes, next));
        close(whole, wholeProbability(toy, bytes, next));
      }),
      { numRuns: 100 },
    );
  });

  it('is the sum over valid covers (arXiv 2410.09303) where the expert never leaves its tokenizer’s own sequences', async () => {
    let differs = 0;
    await fc.assert(
      fc.asyncProperty(merges, letters(6), fc.nat(), async (pairs, bytes, seed) => {
        const toy = toyBpe(pairs);
        const valid = (tokens: readonly number[]) =>
          String(toy.encode(spelling(toy, tokens))) === String(tokens);
        const free = readsTokens(toy, seed);
        const logits = (context: readonly number[]) =>
          free(context).map((z, token) =>
            token === toy.spelled.length - 1 || valid([...context.slice(1), token])
              ? z
              : Number.NEGATIVE_INFINITY,
          );
        const expert = contextExpert(toy.spelled.length, logits);
        const next = (drawn: readonly number[]) => allowed(toy, logits([0, ...drawn]));
        const { prefix } = await chain(modelOf(toy, expert), bytes);
        close(
          prefix,
          coverProbability(toy, bytes, (drawn) => (valid(drawn) ? next(drawn) : next(drawn).map(() => 0))),
        );
        // Negative control: without that restriction of the expert, leaving out invalid covers loses mass.
        const every = (drawn: readonly number[]) => allowed(toy, free([0, ...drawn]));
        const kept = (drawn: readonly number[]) =>
          every(drawn).map((p, token) => (valid([...drawn, token]) ? p : 0));
        const { prefix: unrestricted } = await chain(
          modelOf(toy, contextExpert(toy.spelled.length, free)),
          bytes,
        );
        if (Math.abs(coverProbability(toy, bytes, kept) / unrestricted - 1) > 1e-3) differs++;
      }),
      { numRuns: 100 },
    );
    expect(differs).toBeGreaterThan(5);
  });

  it('never thinks less of a whole text than the tokenizer’s own sequence of tokens says', async () => {
    await fc.assert(
      fc.asyncProperty(merges, letters(8), fc.nat(), async (pairs, bytes, seed) => {
        const toy = toyBpe(pairs);
        const logits = readsTokens(toy, seed);
        const tokens = toy.encode(bytes);
        // Only where each beginning of the sequence is the tokenizer's own too.
        const closed = tokens.every(
          (_, i) => String(toy.encode(spelling(toy, tokens.slice(0, i)))) === String(tokens.slice(0, i)),
        );
        fc.pre(closed);
        const byTokens = [...tokens, toy.spelled.length - 1].reduce(
          (p, token, i) => p * (allowed(toy, logits([0, ...tokens.slice(0, i)]))[token] as number),
          1,
        );
        const { whole } = await chain(modelOf(toy, contextExpert(toy.spelled.length, logits)), bytes);
        expect(whole).toBeGreaterThanOrEqual(byTokens * (1 - 1e-12));
      }),
      { numRuns: 100 },
    );
  });

  it('does not depend on how the tokens are numbered', async () => {
    await fc.assert(
      fc.asyncProperty(merges, letters(8), fc.nat(), async (pairs, bytes, seed) => {
        const toy = toyBpe(pairs);
        const other = toyBpe(pairs, (count) => Array.from({ length: count }, (_, i) => count - 1 - i));
        const texts = toy.spelled.length - 2;
        const rename = (token: number) => (token < texts ? texts - 1 - token : token);
        const logits = readsTokens(toy, seed);
        const renamed = (context: readonly number[]) => {
          const [head = 0, ...rest] = context;
          const values = logits([head, ...rest.map(rename)]);
          return values.map((_, token) => values[rename(token)] as number);
        };
        const a = await chain(modelOf(toy, contextExpert(toy.spelled.length, logits)), bytes);
        const b = await chain(modelOf(other, contextExpert(toy.spelled.length, renamed)), bytes);
        close(b.whole, a.whole);
      }),
      { numRuns: 50 },
    );
  });

  it('costs at most one evaluation a byte', async () => {
    const toy = toyBpe([
      [0, 1],
      [1, 2],
      [3, 2],
    ]);
    const model = modelOf(toy, contextExpert(toy.spelled.length, readsTokens(toy, 1)));
    const bytes = [0, 1, 2, 0, 1, 1, 2, 2, 0, 1, 2];
    await chain(model, bytes);
    expect(model.evaluations).toBe(bytes.length + 1);
    expect(model.leftOut).toBe(0);
  });

  it('goes on after bytes that none of its tokens spell', async () => {
    const toy = toyBpe([[0, 1]]);
    const model = modelOf(toy, contextExpert(toy.spelled.length, readsTokens(toy, 3)));
    await probabilities(model);
    model.accept(200);
    const after = await probabilities(model);
    expect(after.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(after[200]).toBe(0);
  });

  it('keeps its mass through long and improbable texts', async () => {
    const toy = toyBpe([
      [0, 0],
      [3, 3],
      [4, 4],
    ]);
    const logits = (context: readonly number[]) =>
      scrambled(1, context, toy.spelled.length).map((z, token) => (token === 1 ? z + 60 : z));
    const model = modelOf(toy, contextExpert(toy.spelled.length, logits));
    for (let i = 0; i < 40; i++) {
      const p = await probabilities(model);
      expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      expect(p[0]).toBeGreaterThan(0);
      model.accept(0);
    }
  });
});

describe('the approximate mode', () => {
  it('leaves out no more than it may, for fewer evaluations', async () => {
    let saved = 0;
    await fc.assert(
      fc.asyncProperty(merges, letters(8), fc.nat(), async (pairs, bytes, seed) => {
        const toy = toyBpe(pairs);
        const expert = contextExpert(toy.spelled.length, readsTokens(toy, seed));
        const exact = modelOf(toy, expert);
        const quick = modelOf(toy, expert, 0.3);
        await chain(exact, bytes);
        const { masses } = await chain(quick, bytes);
        for (const mass of masses) expect(mass).toBeCloseTo(1, 12);
        expect(quick.leftOut).toBeLessThanOrEqual(0.3);
        saved += exact.evaluations - quick.evaluations;
      }),
      { numRuns: 100 },
    );
    expect(saved).toBeGreaterThan(5);
  });

  it('is no further from the exact answer than the part it says was left out', async () => {
    // Every string of up to three letters is a token, so that no boundary is out of reach yet.
    const toy = toyBpe([0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b] as const)));
    const longer = [
      ...toy.spelled.slice(0, -2),
      ...toy.spelled.slice(3, -2).flatMap((pair) => [0, 1, 2].map((c) => [...pair, c])),
    ];
    const every = toyOf(longer, (bytes) => [...bytes]);
    let apart = 0;
    await fc.assert(
      fc.asyncProperty(
        letters(2),
        fc.nat(),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        async (bytes, seed, tolerance) => {
          const expert = contextExpert(every.spelled.length, readsTokens(every, seed));
          const exact = modelOf(every, expert);
          const quick = modelOf(every, expert, tolerance);
          for (const byte of [...bytes, 0]) {
            const distance = totalVariation(await probabilities(exact), await probabilities(quick));
            expect(distance).toBeLessThanOrEqual(quick.leftOut + 1e-12);
            apart = Math.max(apart, distance);
            exact.accept(byte);
            quick.accept(byte);
          }
        },
      ),
      { numRuns: 100 },
    );
    expect(apart).toBeGreaterThan(0.01);
  });
});
