/** What mixing by bytes needs of a loaded expert, made once for each. */

import type { ByteParticipant } from '../core/byte-followers.ts';
import { type ByteVocabulary, byteVocabulary } from '../core/byte-vocabulary.ts';
import type { ByteMix } from '../core/decode-bytes.ts';
import { byteEncoder } from '../runtime/byte-encoding.ts';
import type { LoadedExpert } from '../runtime/expert.ts';
import type { LiveMix, LiveParticipant } from './mixture.ts';

const vocabularies = new WeakMap<LoadedExpert, ByteVocabulary>();
const mixes = new WeakMap<LiveMix, ByteMix>();

function byteVocabularyOf(expert: LoadedExpert): ByteVocabulary {
  const known = vocabularies.get(expert);
  if (known !== undefined) return known;
  const { tokenizer, endTokens, vocabularySize } = expert;
  const made = byteVocabulary({
    size: vocabularySize,
    bytes: tokenizer.bytes,
    specials: tokenizer.specialIds,
    ends: endTokens,
    encode: byteEncoder(tokenizer),
  });
  vocabularies.set(expert, made);
  return made;
}

/** The mix as the decode loop over bytes takes it; the same object for the same mix. */
export function byteMixOf(mix: LiveMix): ByteMix {
  const known = mixes.get(mix);
  if (known !== undefined) return known;
  const inBytes = (participant: LiveParticipant): ByteParticipant => ({
    ...participant,
    vocabulary: byteVocabularyOf(participant.expert),
    opening: new TextEncoder().encode(participant.opening),
  });
  const { pool, weighting, participants, vetoes } = mix;
  const made: ByteMix = {
    participants: participants.map(inBytes),
    pool,
    ...(weighting && { weighting }),
    ...(vetoes && { vetoes: vetoes.map(inBytes) }),
  };
  mixes.set(mix, made);
  return made;
}
