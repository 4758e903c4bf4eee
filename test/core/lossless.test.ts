import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Asking,
  type Constraint,
  confidenceWeighting,
  DecodeError,
  type DecodeOptions,
  type Drafts,
  type Expert,
  fixedShareWeighting,
  fixedWeighting,
  type Mix,
  type Sampling,
} from '../../src/core/index.ts';
import { logit, markovExpert, pool, run, SIZE, weight } from './toy.ts';

const prompt = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1);
const unfiltered = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const;

/** Some tokens are impossible for some experts. */
const entry = fc.oneof({ weight: 4, arbitrary: logit }, fc.constant(Number.NEGATIVE_INFINITY));
const row = fc
  .tuple(fc.nat(SIZE - 1), logit, fc.array(entry, { minLength: SIZE, maxLength: SIZE }))
  .map(([sure, z, all]) => all.with(sure, z));
const expert = fc
  .tuple(fc.array(row, { minLength: SIZE, maxLength: SIZE }), fc.integer({ min: 14, max: 40 }))
  .map(([table, contextLength]) => markovExpert('toy', table, contextLength));
const member = fc.tuple(expert, weight, fc.nat(3));
const mixes = fc.record({
  voices: fc.array(member, { minLength: 1, maxLength: 4 }),
  vetoes: fc.array(member, { maxLength: 1 }),
  pool: fc.oneof({ weight: 2, arbitrary: fc.constant({ kind: 'linear' } as const) }, pool),
  weighting: fc.constantFrom(fixedWeighting, fixedWeighting, fixedShareWeighting, confidenceWeighting),
});
const samplings: fc.Arbitrary<Sampling> = fc.constantFrom(
  { ...unfiltered, temperature: 0 },
  { ...unfiltered, temperature: 0 },
  unfiltered,
  { ...unfiltered, temperature: 1.7 },
  { ...unfiltered, topK: 3, topP: 0.9 },
  { ...unfiltered, minP: 0.2 },
);

/** Only every second token, in turn: depends on what was drawn. */
function alternating(): Constraint {
  let drawn = 0;
  return {
    restrict(probabilities) {
      for (let x = 0; x < probabilities.length; x++) if ((x + drawn) % 3 === 0) probabilities[x] = 0;
    },
    accept() {
      drawn++;
    },
  };
}

const cases = fc.record({
  first: mixes,
  second: mixes,
  changesAt: fc.integer({ min: 0, max: 14 }),
  sampling: samplings,
  constrained: fc.boolean(),
  banned: fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: 2 }),
  stops: fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: 2 }),
  guesses: fc.array(fc.array(fc.nat(SIZE - 1), { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
  seed: fc.nat(1000),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function mixOf({ voices, vetoes, pool: rule, weighting }: Case['first'], prefix: string): Mix {
  const participant = ([made, w, cut]: readonly [Expert, number, number], i: number) => ({
    expert: { ...made, name: `${prefix}${i}` },
    prompt: prompt.slice(cut),
    weight: w,
  });
  return {
    participants: voices.map(participant),
    vetoes: vetoes.map(participant),
    pool: rule,
    weighting,
  };
}

/** Tokens, weights and end of a run; or that it could not go on. */
async function outcome(
  one: Case,
  change: { readonly asking: Asking; readonly drafted: boolean },
): Promise<unknown> {
  const mix = [mixOf(one.first, 'a'), mixOf(one.second, 'b')] as const;
  let asked = 0;
  let proposed = 0;
  const drafts: Drafts = {
    propose: (_, most) => (one.guesses[proposed++ % one.guesses.length] ?? []).slice(0, Math.max(0, most)),
    learn: () => {},
  };
  const options: Partial<DecodeOptions> & Pick<DecodeOptions, 'mix'> = {
    mix: () => mix[asked++ < one.changesAt ? 0 : 1],
    sampling: one.sampling,
    bannedTokens: new Set(one.banned),
    stopTokens: new Set(one.stops),
    constraint: one.constrained ? alternating() : undefined,
    asking: change.asking,
    drafts: change.drafted ? drafts : undefined,
    maxTokens: 14,
    observe: false,
  };
  try {
    const { tokens, steps, end } = await run(options, one.seed);
    return { tokens, end, weights: steps.map(({ weights }) => weights) };
  } catch (thrown) {
    if (thrown instanceof DecodeError) return 'cannot go on';
    throw thrown;
  }
}

describe('whatever is asked for', () => {
  it('experts asked in turn, and guesses, change no token', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async (one, drafted) => {
        const plain = await outcome(one, { asking: 'together', drafted: false });
        expect(await outcome(one, { asking: 'together', drafted: true })).toEqual(plain);
        expect(await outcome(one, { asking: 'inTurn', drafted })).toEqual(plain);
      }),
      { numRuns: 400 },
    );
  });

  it('experts asked lazily change no token that is not drawn by chance', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async (one, drafted) => {
        const greedy = { ...one, sampling: { ...one.sampling, temperature: 0 } };
        const plain = await outcome(greedy, { asking: 'together', drafted: false });
        expect(await outcome(greedy, { asking: 'lazily', drafted })).toEqual(plain);
      }),
      { numRuns: 400 },
    );
  });
});
