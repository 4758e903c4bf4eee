import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADVICE, advise, type Candidate, type Piece, seededRandom } from '../../src/core/index.ts';

const TOKENS = 12;
const PIECES = 8;
const pieces: readonly Piece[] = Array.from({ length: PIECES }, (_, i) => ({
  bytes: 40,
  half: i % 2 === 0 ? 'fit' : 'judge',
}));
const options = { ...ADVICE, memoryLimit: 1000 };
/** Accepts every larger set: what the rule for gains is measured against. */
const credulous = { ...options, standardErrors: -1e9, leastGain: Number.NEGATIVE_INFINITY };

function candidate(
  id: string,
  logProb: (piece: number, token: number) => number,
  change: Partial<Candidate> = {},
): Candidate {
  return {
    id,
    vocabulary: 'v',
    memoryBytes: 100,
    logProbs: Array.from({ length: PIECES }, (_, piece) =>
      Float64Array.from({ length: TOKENS }, (_, token) => logProb(piece, token)),
    ),
    ...change,
  };
}

/** An expert that knows every token of which `knows` holds, and is poor at the others. */
const specialist = (id: string, knows: (token: number) => boolean, change: Partial<Candidate> = {}) =>
  candidate(id, (_, token) => (knows(token) ? -0.2 : -6), change);
const even = specialist('even', (token) => token % 2 === 0);
const odd = specialist('odd', (token) => token % 2 === 1);
const poor = candidate('poor', () => -7);

const names = (advice: ReturnType<typeof advise>): string[] =>
  (advice.chosen?.members ?? []).map(({ id }) => id);

const random = fc.array(
  fc.record({
    seed: fc.integer({ min: 0, max: 1e6 }),
    level: fc.double({ min: 0.5, max: 8, noNaN: true }),
    memoryBytes: fc.integer({ min: 1, max: 700 }),
    vocabulary: fc.constantFrom('v', 'w'),
  }),
  { minLength: 1, maxLength: 5 },
);

const candidatesOf = (drawn: typeof random extends fc.Arbitrary<infer T> ? T : never): Candidate[] =>
  drawn.map(({ seed, level, memoryBytes, vocabulary }, i) => {
    const next = seededRandom(seed);
    return candidate(`e${i}`, () => -level * next(), { memoryBytes, vocabulary });
  });

describe('advice', () => {
  it('mixes two experts that each know other tokens, and leaves out one that knows none', () => {
    const advice = advise([poor, odd, even], pieces, options);
    expect(names(advice)).toEqual(['even', 'odd']);
    for (const { weight } of advice.chosen?.members ?? []) expect(weight).toBeCloseTo(0.5, 1);
    expect(advice.rows.filter(({ kind }) => kind === 'alone')).toHaveLength(3);
    const best = advice.rows[0];
    expect(advice.chosen?.bitsPerByte).toBeLessThan((best?.bitsPerByte ?? 0) - 0.3);
  });

  it('chooses one of several identical experts, the smaller and then the first by name', () => {
    const twin = (id: string, memoryBytes: number) =>
      candidate(id, (piece, token) => -1 - ((piece + token) % 3), { memoryBytes });
    expect(names(advise([twin('c', 90), twin('b', 80), twin('a', 90)], pieces, options))).toEqual(['b']);
    expect(names(advise([twin('c', 80), twin('b', 80)], pieces, options))).toEqual(['b']);
  });

  it('chooses an expert that is best everywhere alone', () => {
    fc.assert(
      fc.property(random, (drawn) => {
        const others = candidatesOf(drawn).map((one) => ({ ...one, vocabulary: 'v', memoryBytes: 1 }));
        const worst = (piece: number, token: number): number =>
          Math.max(...others.map(({ logProbs }) => (logProbs[piece] as Float64Array)[token] as number));
        const best = candidate('best', (piece, token) => worst(piece, token) * 0.9);
        expect(names(advise([...others, best], pieces, options))).toEqual(['best']);
      }),
      { numRuns: 40 },
    );
  });

  it('never exceeds the cap, and chooses something where anything fits', () => {
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 1500 }), (drawn, memoryLimit) => {
        const candidates = candidatesOf(drawn);
        const { chosen } = advise(candidates, pieces, { ...options, memoryLimit });
        expect(chosen === undefined).toBe(candidates.every(({ memoryBytes }) => memoryBytes > memoryLimit));
        expect(chosen?.memoryBytes ?? 0).toBeLessThanOrEqual(memoryLimit);
      }),
      { numRuns: 60 },
    );
  });

  it('says what the cap keeps out (and without the cap takes it in)', () => {
    const advice = advise([odd, even], pieces, { ...options, memoryLimit: 150 });
    expect(names(advice)).toHaveLength(1);
    expect(advice.rows.at(-1)).toMatchObject({ kind: 'over-limit', memoryBytes: 200 });
    expect(names(advise([odd, even], pieces, options))).toHaveLength(2);
  });

  it('does not depend on the order of the experts', () => {
    fc.assert(
      fc.property(random, fc.integer({ min: 0, max: 1e6 }), (drawn, seed) => {
        const candidates = candidatesOf(drawn);
        const next = seededRandom(seed);
        const shuffled = candidates
          .map((one) => ({ one, at: next() }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        expect(advise(shuffled, pieces, options)).toEqual(advise(candidates, pieces, options));
      }),
      { numRuns: 40 },
    );
  });

  it('mixes only experts of one vocabulary', () => {
    fc.assert(
      fc.property(random, (drawn) => {
        const candidates = candidatesOf(drawn);
        for (const { members, vocabulary } of advise(candidates, pieces, credulous).rows) {
          for (const { id } of members)
            expect(candidates.find((one) => one.id === id)?.vocabulary).toBe(vocabulary);
        }
      }),
      { numRuns: 40 },
    );
    const apart = { ...odd, vocabulary: 'w' };
    expect(names(advise([even, apart], pieces, options))).toHaveLength(1);
  });

  it('refuses an expert that helps on the half that fits alone, which a credulous rule would take', () => {
    const base = candidate('base', () => -3);
    const memorised = candidate('memorised', (piece, token) => {
      if (piece % 2 === 1) return piece % 4 === 1 ? -8 : -3.1;
      return token % 3 === 0 ? -0.1 : -6;
    });
    expect(names(advise([base, memorised], pieces, options))).toEqual(['base']);
    expect(names(advise([base, memorised], pieces, credulous))).toEqual(['base', 'memorised']);
  });

  it('refuses a gain that chance explains: one piece carries it all', () => {
    const base = candidate('base', () => -3);
    const helps = (piece: number, token: number): number =>
      piece === 0 || piece === 1 ? (token % 2 === 0 ? -0.1 : -6) : -3.001;
    const advice = advise([base, candidate('once', helps)], pieces, options);
    const tried = advice.rows.find(({ members }) => members.length === 2);
    expect(tried?.gain).toBeGreaterThan(ADVICE.leastGain);
    expect(tried?.kind).toBe('no-gain');
    const bold = advise([base, candidate('once', helps)], pieces, { ...options, standardErrors: 0 });
    expect(names(bold)).toHaveLength(2);
  });

  it('refuses to enlarge a set on the word of a single piece', () => {
    const two = pieces.slice(0, 2);
    const cut = (one: Candidate): Candidate => ({ ...one, logProbs: one.logProbs.slice(0, 2) });
    expect(names(advise([even, odd].map(cut), two, options))).toHaveLength(1);
  });

  it('lets an expert go that the others have made needless', () => {
    const jack = candidate('jack', () => -1.2);
    const advice = advise([jack, even, odd], pieces, { ...options, leastGain: 0 });
    expect(advice.rows[0]?.members).toEqual([{ id: 'jack', weight: 1 }]);
    const steps = advice.rows.filter(({ kind }) => kind === 'step');
    expect(steps.map(({ members }) => members.map(({ id }) => id))).toEqual([
      ['even', 'jack'],
      ['even', 'odd'],
    ]);
    expect(names(advice)).toEqual(['even', 'odd']);
  });

  it('needs a piece in each half, and a score of each piece', () => {
    expect(() => advise([even], pieces.slice(0, 1), options)).toThrow(/each half/);
    expect(() => advise([{ ...even, logProbs: [] }], pieces, options)).toThrow(/every piece/);
  });
});
