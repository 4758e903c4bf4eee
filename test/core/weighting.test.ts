import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confidenceWeighting,
  entropy,
  fixedShareWeighting,
  fixedShareWeights,
  fixedWeighting,
  normaliseWeights,
} from '../../src/core/index.ts';
import { distribution, logitRow, SIZE, weight } from './toy.ts';

const experts = fc.array(fc.tuple(logitRow, weight), { minLength: 1, maxLength: 4 });
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('fixed weights', () => {
  it('are the prior, normalised, whatever is drawn', () => {
    const weighting = fixedWeighting([3, 1]);
    weighting.learn([distribution(new Array(SIZE).fill(0)), distribution(new Array(SIZE).fill(0))], 2);
    expect(weighting.weights([])).toEqual([0.75, 0.25]);
  });
});

describe('fixed share', () => {
  it('keeps mass 1 and every weight above its floor', () => {
    fc.assert(
      fc.property(experts, fc.array(fc.nat(SIZE - 1), { maxLength: 30 }), (mix, tokens) => {
        const distributions = mix.map(([row]) => distribution(row));
        const weighting = fixedShareWeighting(mix.map(([, w]) => w));
        for (const token of tokens) weighting.learn(distributions, token);
        const weights = weighting.weights(distributions);
        expect(sum(weights)).toBeCloseTo(1, 12);
        // Before the first token a weight is its prior, which may be smaller.
        const least = tokens.length === 0 ? 0 : 1e-3 / 1.01;
        for (const w of weights) expect(w).toBeGreaterThanOrEqual(least);
      }),
    );
  });

  it('is Bayes’ rule at rate 1 without sharing', () => {
    const options = { rate: 1, share: 0, floor: 0 };
    fc.assert(
      fc.property(experts, fc.nat(SIZE - 1), (mix, token) => {
        const distributions = mix.map(([row]) => distribution(row));
        const prior = normaliseWeights(mix.map(([, w]) => w));
        const weighting = fixedShareWeighting(prior, options);
        weighting.learn(distributions, token);
        const joint = prior.map((w, i) => w * (distributions[i]?.probabilities[token] ?? 0));
        for (const [i, w] of weighting.weights(distributions).entries()) {
          expect(w).toBeCloseTo((joint[i] ?? 0) / sum(joint), 9);
        }
      }),
    );
  });

  it('is its equation, token by token', () => {
    const [a, b] = [distribution([2, 0, 0, 0, 0, 0, 0]), distribution([0, 1, 0, 0, 0, 0, 0])];
    const weighting = fixedShareWeighting([3, 1], { rate: 0.5, share: 0.2, floor: 0 });
    let w = [0.75, 0.25];
    for (const token of [0, 1, 1, 3]) {
      weighting.learn([a, b], token);
      const u = [a, b].map((d, i) => (w[i] ?? 0) * Math.sqrt(d.probabilities[token] ?? 0));
      w = u.map((value, i) => 0.8 * (value / sum(u)) + 0.2 * ([0.75, 0.25][i] ?? 0));
      for (const [i, value] of weighting.weights([]).entries()) expect(value).toBeCloseTo(w[i] ?? 0, 12);
    }
  });

  it('of a text counts no token that one expert has no probability for', () => {
    const [known, unknown] = [Float64Array.of(-1, -1), Float64Array.of(Number.NaN, -1)];
    expect(fixedShareWeights([1, 1], [known, unknown])).toEqual([0.5, 0.5]);
    expect(fixedShareWeights([1, 1], [])).toEqual([0.5, 0.5]);
  });

  it('comes back to an expert that was wrong for long within a few tokens', () => {
    const a = distribution([8, 0, 0, 0, 0, 0, 0]);
    const b = distribution([0, 8, 0, 0, 0, 0, 0]);
    const weighting = fixedShareWeighting([1, 1]);
    for (let i = 0; i < 200; i++) weighting.learn([a, b], 0);
    expect(weighting.weights([])[0]).toBeGreaterThan(0.95);
    for (let i = 0; i < 3; i++) weighting.learn([a, b], 1);
    expect(weighting.weights([])[1]).toBeGreaterThan(0.9);
    // Negative control: without sharing and floor the 200 tokens are not forgotten.
    const stubborn = fixedShareWeighting([1, 1], { rate: 0.5, share: 0, floor: 0 });
    for (let i = 0; i < 200; i++) stubborn.learn([a, b], 0);
    for (let i = 0; i < 3; i++) stubborn.learn([a, b], 1);
    expect(stubborn.weights([])[1]).toBeLessThan(0.1);
  });

  it('over a text and then its continuation is fixed share over both', () => {
    fc.assert(
      fc.property(experts, fc.array(fc.nat(SIZE - 1), { maxLength: 20 }), fc.nat(20), (mix, tokens, cut) => {
        const distributions = mix.map(([row]) => distribution(row));
        const prior = mix.map(([, w]) => w);
        const logProbs = distributions.map(({ logits, logSumExp }) =>
          Float64Array.from(tokens.slice(0, cut), (token) => (logits[token] ?? 0) - logSumExp),
        );
        const whole = fixedShareWeighting(prior);
        for (const token of tokens) whole.learn(distributions, token);
        const rest = fixedShareWeighting(prior, undefined, fixedShareWeights(prior, logProbs));
        for (const token of tokens.slice(cut)) rest.learn(distributions, token);
        expect(rest.weights([])).toEqual(whole.weights([]));
      }),
    );
    // A text's first token has no probability.
    const first = Float64Array.of(Number.NaN);
    expect(fixedShareWeights([3, 1], [first, first])).toEqual([0.75, 0.25]);
  });

  it('never wakes an expert of prior 0', () => {
    const weighting = fixedShareWeighting([1, 0]);
    const d = distribution([0, 8, 0, 0, 0, 0, 0]);
    weighting.learn([d, d], 1);
    expect(weighting.weights([])).toEqual([1, 0]);
  });
});

describe('confidence', () => {
  it('weighs by inverse entropy, prior times', () => {
    fc.assert(
      fc.property(experts, (mix) => {
        const distributions = mix.map(([row]) => distribution(row));
        const prior = mix.map(([, w]) => w);
        const expected = normaliseWeights(
          prior.map((w, i) => w / (entropy(distributions[i]?.probabilities ?? new Float64Array(0)) + 0.05)),
        );
        for (const [i, w] of confidenceWeighting(prior).weights(distributions).entries()) {
          expect(w).toBeCloseTo(expected[i] ?? Number.NaN, 6);
        }
      }),
    );
  });

  it('prefers the surer expert', () => {
    const sure = distribution([20, 0, 0, 0, 0, 0, 0]);
    const unsure = distribution(new Array<number>(SIZE).fill(0));
    expect(confidenceWeighting([1, 1]).weights([sure, unsure])[0]).toBeGreaterThan(0.95);
  });
});
