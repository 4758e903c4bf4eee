/** What a model's config may claim: bounds that every reader of one keeps. */

import * as v from 'valibot';

/** Far above any model's, and small enough that buffers of that many entries fit in memory. */
export const MOST_TOKENS = 1_000_000;
export const MOST_POSITIONS = 4_000_000;
export const MOST_LAYERS = 1000;

export const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

/** One id, several, or none. */
export const tokenIds = v.nullish(
  v.union([v.pipe(v.number(), v.integer()), v.array(v.pipe(v.number(), v.integer()))]),
);

/** The names are those of Hugging Face's config.json. */
export const sizes = {
  vocab_size: count(MOST_TOKENS),
  max_position_embeddings: count(MOST_POSITIONS),
  num_hidden_layers: count(MOST_LAYERS),
};
