/** Each participant's byte model during one answer, kept level with the bytes drawn whenever it joins. */

import { type ByteModel, createByteModel } from './byte-model.ts';
import type { ByteVocabulary } from './byte-vocabulary.ts';
import type { Participant } from './mix.ts';

export interface ByteParticipant extends Participant {
  readonly vocabulary: ByteVocabulary;
  /** Bytes that follow this expert's prompt before the answer: given, not drawn. */
  readonly opening: Uint8Array;
}

export interface ByteCost {
  /** Evaluations of each expert, by name. */
  readonly evaluations: Readonly<Record<string, number>>;
  /** The largest part of an expert's mass that was left out at any byte; 0 where exact. */
  readonly leftOut: number;
}

export interface Follower {
  readonly model: ByteModel;
  /** Tokens of opening and answer, by this expert's count. */
  tokens(): number;
  /** Tokens that the expert can still read, less those of a character that is not whole yet. */
  room(): number;
}

export interface Followers {
  /** The participant's model after its opening and `answer`. */
  follow(participant: ByteParticipant, answer: readonly number[]): Follower;
  cost(): ByteCost;
}

/**
 * An expert that joins late, or was away for more bytes than this, reads what came before them as if it were its prompt: to read
 * it exactly would cost an evaluation a byte.
 */
const CATCH_UP = 32;

/** A character is at most 4 bytes, so at most as many tokens. */
const CHARACTER = 4;

export function createFollowers(tolerance: number): Followers {
  const kept = new Map<Int32Array, { readonly follower: Follower; seen: number }>();
  const models: { readonly name: string; readonly model: ByteModel }[] = [];

  const join = (participant: ByteParticipant, answer: readonly number[]): Follower => {
    const { expert, prompt, vocabulary, opening } = participant;
    const bytes = Uint8Array.from([...opening, ...answer]);
    const from = answer.length > CATCH_UP ? startOfTail(bytes) : 0;
    const read = from === 0 ? [] : vocabulary.encode(bytes.subarray(0, from));
    const head = Int32Array.from([...prompt, ...read]);
    const model = createByteModel({ expert, prompt: head, vocabulary, tolerance });
    for (const byte of bytes.subarray(from)) model.accept(byte);
    models.push({ name: expert.name, model });
    const tokens = (): number => read.length + model.tokens();
    return { model, tokens, room: () => expert.contextLength - prompt.length - tokens() - CHARACTER };
  };

  return {
    follow(participant, answer) {
      const known = kept.get(participant.prompt);
      if (known !== undefined && answer.length - known.seen <= CATCH_UP) {
        for (; known.seen < answer.length; known.seen++) {
          known.follower.model.accept(answer[known.seen] as number);
        }
        return known.follower;
      }
      const follower = join(participant, answer);
      kept.set(participant.prompt, { follower, seen: answer.length });
      return follower;
    },
    cost() {
      const evaluations: Record<string, number> = {};
      for (const { name, model } of models) evaluations[name] = (evaluations[name] ?? 0) + model.evaluations;
      return { evaluations, leftOut: Math.max(0, ...models.map(({ model }) => model.leftOut)) };
    },
  };
}

/** Where the last CATCH_UP bytes begin, or a little earlier where a blank begins there: tokens seldom reach over that. */
function startOfTail(bytes: Uint8Array): number {
  const most = bytes.length - CATCH_UP;
  for (let at = most; at > Math.max(0, most - CATCH_UP); at--) {
    if (bytes[at] === 0x20 && bytes[at - 1] !== 0x20) return at;
  }
  let at = most;
  while (at > 0 && ((bytes[at] as number) & 0xc0) === 0x80) at--;
  return at;
}
