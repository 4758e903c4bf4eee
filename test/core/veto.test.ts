import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mix, VETO_FLOOR, type Veto, vetoInto } from '../../src/core/index.ts';
import { distribution, logitRow, markovExpert, run, SIZE, table } from './toy.ts';

const strength = fc.double({ min: 0.1, max: 3, noNaN: true });
const veto = fc.record({ distribution: logitRow.map(distribution), strength });
const pool = logitRow.map((row) => distribution(row).probabilities);
const vetoed = (pooled: Float64Array, vetoes: readonly Veto[], floor?: number): Float64Array => {
  const out = pooled.slice();
  vetoInto(out, vetoes, floor);
  return out;
};
const at = (values: Float64Array, x: number): number => values[x] ?? Number.NaN;

describe('a veto', () => {
  it('gives mass 1, and no token more than one that it does not lower gets', () => {
    fc.assert(
      fc.property(pool, fc.array(veto, { maxLength: 3 }), (m, vetoes) => {
        const out = vetoed(m, vetoes);
        expect(out.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        // Before normalising every factor is in [floor, 1]: after it, ratios of factors are bounded by that.
        const least = vetoes.reduce((product, each) => product * VETO_FLOOR ** each.strength, 1);
        const factors = [...out].map((p, x) => p / at(m, x)).filter(Number.isFinite);
        const largest = Math.max(...factors);
        for (const factor of factors) expect(factor / largest).toBeGreaterThanOrEqual(least * (1 - 1e-9));
      }),
    );
  });

  it('never lowers a token that it finds at least as likely as the pool does, relative to any other', () => {
    let lowered = 0;
    fc.assert(
      fc.property(pool, veto, (m, one) => {
        const out = vetoed(m, [one]);
        const factor = (x: number): number => at(out, x) / at(m, x);
        const largest = Math.max(...Array.from({ length: SIZE }, (_, x) => factor(x)));
        for (let x = 0; x < SIZE; x++) {
          const liked = at(one.distribution.probabilities, x) >= at(m, x);
          if (liked) expect(factor(x) / largest).toBeCloseTo(1, 9);
          else if (factor(x) < largest * 0.999) lowered++;
        }
      }),
    );
    // The control: what it finds less likely is lowered.
    expect(lowered).toBeGreaterThan(100);
  });

  it('of strength 0, or that agrees with the pool, changes nothing; of strength 1 without a floor it is min(m, p) / Z', () => {
    fc.assert(
      fc.property(pool, veto, (m, one) => {
        expect(vetoed(m, [{ ...one, strength: 0 }])).toEqual(m);
        expect(vetoed(m, [])).toEqual(m);
        const same = vetoed(m, [{ distribution: { probabilities: m }, strength: 2 }]);
        for (let x = 0; x < SIZE; x++) expect(at(same, x)).toBeCloseTo(at(m, x), 12);
        const p = one.distribution.probabilities;
        const least = m.map((value, x) => Math.min(value, at(p, x)));
        const mass = least.reduce((a, b) => a + b, 0);
        const out = vetoed(m, [{ ...one, strength: 1 }], 0);
        for (let x = 0; x < SIZE; x++) expect(at(out, x)).toBeCloseTo(at(least, x) / mass, 12);
      }),
    );
  });

  it('does not depend on the order of vetoes', () => {
    fc.assert(
      fc.property(pool, fc.array(veto, { minLength: 2, maxLength: 4 }), (m, vetoes) => {
        const there = vetoed(m, vetoes);
        const back = vetoed(m, [...vetoes].reverse());
        for (let x = 0; x < SIZE; x++) expect(at(there, x)).toBeCloseTo(at(back, x), 12);
      }),
    );
  });

  it('keeps every token of the pool possible, even one that it gives nothing', () => {
    const m = Float64Array.of(0.5, 0.5);
    const probabilities = Float64Array.of(1, 0);
    const out = vetoed(m, [{ distribution: { probabilities }, strength: 1 }]);
    expect(at(out, 1)).toBeCloseTo(VETO_FLOOR / (1 + VETO_FLOOR), 12);
    expect(at(vetoed(m, [{ distribution: { probabilities }, strength: 1 }], 0), 1)).toBe(0);
  });
});

describe('the decode loop with a veto', () => {
  const prompt = Int32Array.of(0);
  const sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };

  it('draws from the pool lowered by it, whichever way the experts are asked, and gives it no share', async () => {
    await fc.assert(
      fc.asyncProperty(table, table, table, fc.nat(1000), async (a, b, c, seed) => {
        const [x, y, moderator] = [markovExpert('a', a), markovExpert('b', b), markovExpert('veto', c)];
        const mix: Mix = {
          participants: [x, y].map((expert) => ({ expert, prompt, weight: 1 })),
          vetoes: [{ expert: moderator, prompt, weight: 1 }],
          pool: { kind: 'linear' },
        };
        const { steps, tokens } = await run({ mix: () => mix, sampling }, seed);
        let last = 0;
        for (const step of steps) {
          const [p, q, v] = [a, b, c].map((rows) => distribution(rows[last] ?? []).probabilities);
          const m = (p as Float64Array).map((value, i) => (value + at(q as Float64Array, i)) / 2);
          vetoInto(m, [{ distribution: { probabilities: v as Float64Array }, strength: 1 }]);
          expect(step.logProb).toBeCloseTo(Math.log(at(m, step.token)), 9);
          expect(step.weights).toEqual([0.5, 0.5]);
          expect(step.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
          last = step.token;
        }
        expect((await run({ mix: () => mix, sampling, asking: 'inTurn' }, seed)).tokens).toEqual(tokens);
      }),
      { numRuns: 30 },
    );
  });

  it('of any strength leaves mass 1, also where it is against all that the pool proposes', () => {
    for (const strength of [1, 100, 1e4]) {
      const m = Float64Array.of(0.6, 0.4, 0);
      vetoInto(m, [{ distribution: { probabilities: Float64Array.of(0, 0, 1) }, strength }]);
      expect([...m]).toEqual([0.6, 0.4, 0].map((value) => expect.closeTo(value, 9)));
    }
  });

  it('keeps the mixture from what only the veto is against; without it the token comes', async () => {
    const says = (token: number, others: number) =>
      new Array(SIZE)
        .fill(0)
        .map(() => new Array<number>(SIZE).fill(others).map((z, x) => (x === token ? 5 : z)));
    const voice = { expert: markovExpert('voice', says(3, 0)), prompt, weight: 1 };
    const against = new Array(SIZE)
      .fill(0)
      .map(() => new Array<number>(SIZE).fill(0).map((_, x) => (x === 3 ? -20 : 0)));
    const vetoes = [{ expert: markovExpert('veto', against), prompt, weight: 1 }];
    const pool = { kind: 'linear' } as const;
    expect((await run({ mix: () => ({ participants: [voice], pool }) })).tokens).toContain(3);
    expect((await run({ mix: () => ({ participants: [voice], vetoes, pool }) })).tokens).not.toContain(3);
    expect((await run({ mix: () => ({ participants: [], vetoes, pool }) })).end).toBe('cancelled');
  });
});
