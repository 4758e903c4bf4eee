/**
 * Experts asked one after the other, each on the guesses of those before it: one run checks the last guess and gives the
 * next, as in the speculative ensemble (arXiv 2502.01662), where models propose in turn. A guess is drawn with the very number
 * that the token itself will be drawn with, so it is right as often as the distributions allow, nothing has to be drawn anew
 * when it is not, and the text is the one that asking all experts at once gives (docs/decisions/005).
 */

import { DecodeError } from './decode-error.ts';
import type { Asker, Decoding } from './decoding.ts';
import type { Distribution } from './distribution.ts';
import { copyRows } from './expert.ts';
import { poolInto } from './pool.ts';
import { sample } from './sampler.ts';
import { normaliseWeights } from './weights.ts';

export function askInTurn(decoding: Decoding): Asker {
  const { options, participants } = decoding;
  const size = decoding.vocabularySize;
  const guessed = new Float64Array(size);
  const free: Float64Array[] = [];
  /** What each participant says of the next token and of those after the guesses, as far as it was asked. */
  const known = participants.map((): Distribution[] => []);
  let guesses: number[] = [];
  /** Where the next token stands in the answer. */
  let position = decoding.generated.length;
  /** Of the voices: vetoes propose nothing. */
  let weights: readonly number[] = normaliseWeights(
    participants.slice(0, decoding.voices).map(({ weight }) => weight),
  );

  const forget = (queue: Distribution[], count: number): void => {
    for (const { probabilities } of queue.splice(0, count)) {
      if (probabilities instanceof Float64Array) free.push(probabilities);
    }
  };

  /** What follows the guesses, by those who have been asked. */
  const guess = (): void => {
    const ahead = guesses.length;
    const left = Math.min(decoding.room(), options.maxTokens - decoding.generated.length) - 1;
    const informed = [...weights.keys()].filter((i) => known[i]?.[ahead] !== undefined);
    const mass = informed.map((i) => weights[i] ?? 0);
    if (ahead >= left || Math.max(0, ...mass) === 0) return;
    const distributions = informed.map((i) => known[i]?.[ahead] as Distribution);
    try {
      poolInto(decoding.pool, distributions, normaliseWeights(mass), guessed);
      decoding.mask(guessed, ahead);
      const token = sample(guessed, options.sampling, () => decoding.chance(ahead));
      // Nothing follows a stop token.
      if (!options.stopTokens.has(token)) guesses.push(token);
    } catch (thrown) {
      // What these experts cannot say together, all of them may: then there is no guess.
      if (!(thrown instanceof DecodeError)) throw thrown;
    }
  };

  /** Asks the participant that knows least. */
  const ask = async (): Promise<'cancelled' | 'done'> => {
    const lengths = known.map((queue) => queue.length);
    const i = lengths.indexOf(Math.min(...lengths));
    const participant = participants[i];
    const queue = known[i];
    if (participant === undefined || queue === undefined) return 'cancelled';
    guess();
    const rows = guesses.length + 1 - queue.length;
    const context = decoding.context(participant, guesses);
    const answer = await participant.expert.logits(context, { rows, signal: options.signal });
    if (answer === 'cancelled') return 'cancelled';
    // The expert may be asked by others before these rows are used.
    const own = copyRows(answer);
    for (let row = 0; row < rows; row++) {
      const buffer = free.pop() ?? new Float64Array(size);
      const made = decoding.distribution(participant, own, row, buffer);
      if (made.probabilities !== buffer) free.push(buffer);
      queue.push(made);
    }
    return 'done';
  };

  return {
    async next() {
      if (decoding.generated.length !== position) {
        // Others have drawn tokens since.
        guesses = [];
        for (const queue of known) forget(queue, queue.length);
      }
      while (known.some((queue) => queue.length === 0)) if ((await ask()) === 'cancelled') return 'cancelled';
      const step = decoding.draw(known.map((queue) => queue[0] as Distribution));
      weights = step.weights;
      position = decoding.generated.length;
      const right = guesses.shift() === step.token;
      if (!right) guesses = [];
      for (const queue of known) forget(queue, right ? 1 : queue.length);
      return step;
    },
  };
}
