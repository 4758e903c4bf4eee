/**
 * A tokenizer's model that cannot write its special tokens. Leaving them out of the added tokens is not enough: vocabularies of
 * SentencePiece hold them too, and may hold what they could be put together from.
 */

import { randomUUID } from 'node:crypto';
import type { TokenizerJson } from '../models/token-table.ts';

type Model = TokenizerJson['model'];

/** @param specials as they are written */
export function withoutSpecials(model: Model, specials: ReadonlySet<string>): Model {
  const { vocab, merges } = model;
  if (isNumberedByPlace(vocab)) return { ...model, vocab: renamed(vocab, specials) };
  const kept = [...specials].some((token) => token !== model.unk_token && Object.hasOwn(vocab, token))
    ? Object.fromEntries(
        Object.entries(vocab).filter(([token]) => !specials.has(token) || token === model.unk_token),
      )
    : vocab;
  return {
    ...model,
    vocab: kept,
    ...(Array.isArray(merges) && { merges: merges.filter((merge) => !specials.has(mergedOf(merge))) }),
  };
}

function isNumberedByPlace(vocab: Model['vocab']): vocab is readonly (readonly [string, number])[] {
  return Array.isArray(vocab);
}

/** Of a unigram model nothing can be left out without moving the ids of the rest; a name that nobody knows is never found in a text. */
function renamed(
  vocab: readonly (readonly [string, number])[],
  specials: ReadonlySet<string>,
): readonly (readonly [string, number])[] {
  return vocab.map(([token, score]) => [specials.has(token) ? randomUUID() : token, score] as const);
}

/** Both ways in which files spell a merge: ['a', 'b'] and 'a b'. */
function mergedOf(merge: unknown): string {
  if (Array.isArray(merge)) return merge.join('');
  return typeof merge === 'string' ? merge.replace(' ', '') : '';
}
