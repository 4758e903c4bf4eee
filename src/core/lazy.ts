/**
 * Lazy evaluation of the linear pool m(x) = sum w_i p_i(x): an expert is run for a token only if it can change the outcome. It
 * catches up on what it missed in one batch when it is asked again.
 * Greedy: after the experts S, a(x) = sum_S w_i p_i(x) and the others' weight W can add at most W to any token, so the best
 * token is certain once it leads by more than W. Experts that are asked in turn do not run at once, so this is done only while the
 * heaviest is nearly always enough.
 * By chance: drawing k ~ w and then x ~ p_k is drawing from m (ancestral sampling of a mixture), so one expert is enough. A
 * token that is masked or filtered out is drawn anew with another k, which is drawing from what the mask and the filters
 * leave of m (rejection sampling); whether a filter keeps it is often certain without the other experts (core/kept.ts).
 */

import { DecodeError } from './decode-error.ts';
import type { Asker, Decoding } from './decoding.ts';
import type { Distribution } from './distribution.ts';
import { isKept } from './kept.ts';
import { sample } from './sampler.ts';
import type { Step } from './step.ts';

/** Whether the mix in force and the sampling allow lazy evaluation. */
export function mayBeLazy({ options, participants, pool, weighting }: Decoding): boolean {
  const { temperature } = options.sampling;
  return (
    participants.length > 1 &&
    // A veto has a say in every token.
    participants.length === weighting.constant?.length &&
    weighting.constant !== undefined &&
    pool.kind === 'linear' &&
    (temperature === 0 || temperature === 1)
  );
}

/** Draws in vain before all experts are asked: where a mask leaves little, drawing from the whole pool is cheaper. */
const MOST_DRAWS = 8;

/** The part of tokens, at least, for which the heaviest expert has to be enough. */
const TRUSTED = 0.85;
const PROBE_EVERY = 4;

const unfiltered = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const;

export function askLazily(decoding: Decoding): Asker {
  const { options, participants } = decoding;
  const { sampling, stopTokens, random } = options;
  const weights = decoding.weighting.constant ?? [];
  const size = decoding.vocabularySize;
  const probabilities = participants.map(() => new Float64Array(size));
  const bound = new Float64Array(size);
  const drawn = new Float64Array(size);
  const byWeight = [...participants.keys()].sort((i, j) => (weights[j] ?? 0) - (weights[i] ?? 0) || i - j);
  /** How often the heaviest expert alone is enough, of late: one more run in turn costs more than all at once. */
  let trust = (weights[byWeight[0] ?? 0] ?? 0) > 0.5 ? 1 : 0;
  const learn = (enough: boolean): void => {
    trust += ((enough ? 1 : 0) - trust) / 8;
  };
  /** For the token at hand. */
  const known: (Distribution | undefined)[] = [];

  const ask = async (i: number): Promise<Distribution | 'cancelled'> => {
    const asked = known[i];
    if (asked !== undefined) return asked;
    const participant = participants[i];
    if (participant === undefined) throw new DecodeError(`there is no expert ${i}`);
    const context = decoding.context(participant, []);
    const answer = await participant.expert.logits(context, { rows: 1, signal: options.signal });
    if (answer === 'cancelled') return 'cancelled';
    const made = decoding.distribution(participant, answer, 0, probabilities[i] as Float64Array);
    known[i] = made;
    return made;
  };

  /** Asks whoever was not asked yet, at once, and draws from the pool. */
  const drawFromAll = async (): Promise<Step | 'cancelled'> => {
    const asked = await Promise.all(participants.map((_, i) => ask(i)));
    const whole = asked.filter((answer) => answer !== 'cancelled');
    return whole.length < asked.length ? 'cancelled' : decoding.draw(whole);
  };

  /** Writes sum w_i p_i(x) over those that were `counted`, masked, to `bound`; returns the weight of the others. */
  const boundInto = (counted: (i: number) => boolean = () => true): number => {
    bound.fill(0);
    let rest = 0;
    for (const [i, weight] of weights.entries()) {
      const p = known[i]?.probabilities;
      if (p === undefined || !counted(i)) rest += weight;
      else for (let x = 0; x < size; x++) bound[x] = (bound[x] as number) + weight * (p[x] as number);
    }
    decoding.mask(bound);
    return rest;
  };

  const step = (token: number, shares: readonly number[]): Step => {
    decoding.take(token, []);
    return {
      token,
      logProb: Number.NaN,
      shares,
      weights,
      participants,
      evaluated: participants.map((_, i) => known[i] !== undefined),
      entropy: Number.NaN,
      agreement: Number.NaN,
    };
  };

  /** Asks all at once, and now and then looks whether the heaviest alone would have been enough. */
  const greedilyAtOnce = async (): Promise<Step | 'cancelled'> => {
    if (decoding.generated.length % PROBE_EVERY === 0) {
      const asked = await Promise.all(participants.map((_, i) => ask(i)));
      if (asked.includes('cancelled')) return 'cancelled';
      learn(
        certainBest(
          bound,
          boundInto((i) => i === byWeight[0]),
        ) !== undefined,
      );
    }
    return drawFromAll();
  };

  const greedily = async (): Promise<Step | 'cancelled'> => {
    if (trust < TRUSTED) return greedilyAtOnce();
    for (const i of byWeight.slice(0, -1)) {
      if ((await ask(i)) === 'cancelled') return 'cancelled';
      const token = certainBest(bound, boundInto());
      if (i === byWeight[0]) learn(token !== undefined);
      // Which of several stop tokens is the most probable one, only all can tell.
      if (token !== undefined && !(stopTokens.size > 1 && stopTokens.has(token))) {
        const supplied = weights.map((weight, k) => weight * (known[k]?.probabilities[token] ?? 0));
        const sum = supplied.reduce((total, part) => total + part, 0);
        return step(
          token,
          supplied.map((part) => part / sum),
        );
      }
    }
    return drawFromAll();
  };

  /** The token itself; for a stop token the one that stands for all of them. */
  const symbolOf = (token: number): number => {
    if (!stopTokens.has(token)) return token;
    for (const id of stopTokens) if ((bound[id] ?? 0) > 0) return id;
    return token;
  };

  /** Whether `token` may be drawn, asking further experts where those that were asked cannot tell. */
  const mayBeDrawn = async (token: number): Promise<boolean | 'cancelled'> => {
    if (options.bannedTokens.has(token)) return false;
    for (;;) {
      const rest = boundInto();
      const symbol = symbolOf(token);
      if (bound[symbol] === 0) return false;
      const verdict = isKept(symbol, bound, rest, sampling);
      if (verdict !== 'unknown') return verdict === 'kept';
      const next = byWeight.find((i) => known[i] === undefined);
      if (next === undefined) throw new DecodeError('all experts together leave a filter undecided');
      if ((await ask(next)) === 'cancelled') return 'cancelled';
    }
  };

  const byChance = async (): Promise<Step | 'cancelled'> => {
    for (let draws = 0; draws < MOST_DRAWS; draws++) {
      const k = chosen(weights, random());
      const distribution = await ask(k);
      if (distribution === 'cancelled') return 'cancelled';
      drawn.set(distribution.probabilities);
      const token = sample(drawn, unfiltered, random);
      const may = await mayBeDrawn(token);
      if (may === 'cancelled') return 'cancelled';
      if (!may) continue;
      const share = participants.map((_, i) => (i === k ? 1 : 0));
      if (stopTokens.size === 1 || !stopTokens.has(token)) return step(token, share);
      // Which of several stop tokens is the most probable one, only all can tell.
      const asked = await Promise.all(participants.map((_, i) => ask(i)));
      if (asked.includes('cancelled')) return 'cancelled';
      boundInto();
      return step(symbolOf(token), share);
    }
    return drawFromAll();
  };

  return {
    next() {
      known.length = 0;
      return sampling.temperature === 0 ? greedily() : byChance();
    },
  };
}

/** The token that is best whatever the rest is given to; undefined where that is not certain. */
function certainBest(known: Float64Array, rest: number): number | undefined {
  let best = 0;
  let first = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  for (let x = 0; x < known.length; x++) {
    const p = known[x] as number;
    if (p > first) {
      second = first;
      first = p;
      best = x;
    } else if (p > second) second = p;
  }
  return first - second > rest + ROUNDING ? best : undefined;
}

/** Sums of probabilities are off by less. */
const ROUNDING = 1e-12;

/** An index drawn with the given probabilities, by u in [0, 1). */
function chosen(probabilities: readonly number[], u: number): number {
  let left = u;
  let last = 0;
  for (const [i, p] of probabilities.entries()) {
    if (p === 0) continue;
    left -= p;
    last = i;
    if (left < 0) return i;
  }
  return last;
}
