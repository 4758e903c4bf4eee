/**
 * The decode loop for experts whose vocabularies differ: at every byte each participant gives its distribution over the 256 bytes
 * and the end, these are pooled, and one symbol is drawn. What the loop over tokens says of a token holds here of a byte.
 */

import { type ByteCost, type ByteParticipant, createFollowers } from './byte-followers.ts';
import { END_OF_BYTES } from './byte-vocabulary.ts';
import type { DecodeEnd } from './decode.ts';
import { createEnsemble } from './ensemble.ts';
import type { Mix } from './mix.ts';
import type { DecodeOptions, Step } from './step.ts';
import { utf8Guard } from './utf8.ts';

/** A run of blanks can be one token, however long. */
const BYTES_A_TOKEN = 8;

export interface ByteMix extends Mix {
  readonly participants: readonly ByteParticipant[];
  readonly vetoes?: readonly ByteParticipant[] | undefined;
}

export interface DecodeBytesOptions
  extends Pick<DecodeOptions, 'sampling' | 'random' | 'constraint' | 'observe' | 'alternatives' | 'signal'> {
  /** Asked before every byte; the same object means that nothing changed. */
  readonly mix: () => ByteMix | Promise<ByteMix>;
  /**
   * Most tokens of the answer with its opening, by any participant's count of what is written so far: a word counts as its pieces
   * until it is whole; and no token counts for more than 8 bytes. A character is never cut.
   */
  readonly maxTokens: number;
  /** As in ByteModelOptions; 0 is exact. */
  readonly tolerance: number;
  /** Told at every byte what the answer has cost so far. */
  readonly onCost?: ((cost: ByteCost) => void) | undefined;
}

/** Yields a step per byte, `token` being the byte or END_OF_BYTES, and returns why it ended, as `decode` does. */
export async function* decodeBytes(options: DecodeBytesOptions): AsyncGenerator<Step, DecodeEnd> {
  const { signal, sampling, random, observe, alternatives } = options;
  const following = createFollowers(options.tolerance);
  const guard = utf8Guard();
  const answer: number[] = [];
  const ensemble = createEnsemble<ByteParticipant>({
    sampling,
    random,
    observe,
    alternatives,
    mask(probabilities) {
      guard.restrict(probabilities);
      options.constraint?.restrict(probabilities);
    },
  });
  for (;;) {
    ensemble.adopt(await options.mix());
    const { participants } = ensemble;
    if (signal?.aborted || participants.length === 0) return 'cancelled';
    const followers = participants.map((participant) => following.follow(participant, answer));
    if (guard.whole() && followers.some((follower) => follower.room() < 0)) return 'length';

    const answers = await Promise.all(followers.map(({ model }) => model.next(signal)));
    const distributions = answers.filter((distribution) => distribution !== 'cancelled');
    if (signal?.aborted || distributions.length < answers.length) return 'cancelled';
    const step = ensemble.draw(distributions);
    const symbol = step.token;
    const ended = symbol === END_OF_BYTES;
    ensemble.learn(distributions, symbol);
    if (!ended) {
      answer.push(symbol);
      const now = participants.map((participant) => following.follow(participant, answer));
      // The first byte of a token too many is not given out, and no token is too many inside a character.
      const full =
        answer.length > BYTES_A_TOKEN * options.maxTokens ||
        now.some((follower) => follower.tokens() > options.maxTokens || follower.room() < 0);
      if (full && guard.whole()) return 'length';
      guard.accept(symbol);
      options.constraint?.accept(symbol);
    }
    options.onCost?.(following.cost());
    yield step;
    if (ended) return 'end';
  }
}
