/** Toy tokenizers over a few letters, experts that read their whole context, and probabilities by brute force. */

import fc from 'fast-check';
import {
  type ByteModel,
  type ByteVocabulary,
  byteVocabulary,
  createByteModel,
  END_OF_BYTES,
  type Expert,
} from '../../src/core/index.ts';

export const ALPHABET = 3;

export interface Toy {
  /** Bytes of each token; the last token is the end, the one before a special without text. */
  readonly spelled: readonly (readonly number[])[];
  readonly vocabulary: ByteVocabulary;
  readonly encode: (bytes: readonly number[]) => number[];
}

type Pair = readonly [number, number];

/** Byte-pair encoding over the letters 0, 1, 2: of two tokens that stand beside each other, the earliest merge goes first. */
export function toyBpe(
  pairs: readonly Pair[],
  shuffle: (count: number) => readonly number[] = identity,
): Toy {
  const letters = Array.from({ length: ALPHABET }, (_, letter) => [letter]);
  const plain: number[][] = [...letters];
  const merges: { readonly left: number; readonly right: number; readonly into: number }[] = [];
  for (const [a, b] of pairs) {
    const [left, right] = [a % plain.length, b % plain.length];
    if (merges.some((merge) => merge.left === left && merge.right === right)) continue;
    merges.push({ left, right, into: plain.length });
    plain.push([...(plain[left] as number[]), ...(plain[right] as number[])]);
  }
  const place = shuffle(plain.length);
  const spelled: number[][] = new Array(plain.length);
  for (const [i, bytes] of plain.entries()) spelled[place[i] as number] = bytes;
  const encode = (bytes: readonly number[]): number[] => {
    const tokens = [...bytes];
    for (const { left, right, into } of merges) {
      for (let i = 0; i + 1 < tokens.length; i++) {
        if (tokens[i] === left && tokens[i + 1] === right) tokens.splice(i, 2, into);
      }
    }
    return tokens.map((token) => place[token] as number);
  };
  return toyOf(spelled, encode);
}

/** A vocabulary of these tokens, then a special token and the end. */
export function toyOf(
  spelled: readonly (readonly number[])[],
  encode: (bytes: readonly number[]) => number[],
): Toy {
  const vocabulary = byteVocabulary({
    size: spelled.length + 2,
    bytes: (token) => Uint8Array.from(spelled[token] ?? []),
    specials: new Set([spelled.length]),
    ends: new Set([spelled.length + 1]),
    encode: (bytes) => Int32Array.from(encode([...bytes])),
  });
  return { spelled: [...spelled, [], []], vocabulary, encode };
}

const identity = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const merges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { minLength: 0, maxLength: 5 });
export const letters = (maxLength: number) => fc.array(fc.nat(ALPHABET - 1), { maxLength });

/** An expert of `size` tokens whose logits are some function of the whole context. */
export function contextExpert(
  size: number,
  logits: (context: readonly number[]) => readonly number[],
): Expert {
  return {
    name: 'toy',
    vocabularySize: size,
    contextLength: 64,
    logits: async (context) => ({ logits: Float32Array.from(logits([...context])) }),
  };
}

/** Numbers in [-3, 3) that depend on everything given. */
export function scrambled(seed: number, values: readonly number[], size: number): number[] {
  let state = seed | 0;
  for (const value of [...values, values.length])
    state = Math.imul(state ^ (value + 0x9e3779b9), 0x85ebca6b) ^ (state >>> 13);
  return Array.from({ length: size }, (_, token) => {
    let z = Math.imul(state ^ Math.imul(token + 1, 0xc2b2ae35), 0x27d4eb2f);
    z = Math.imul(z ^ (z >>> 15), 0x2c1b3c6d);
    return Math.fround((((z ^ (z >>> 13)) >>> 0) / 2 ** 32) * 6 - 3);
  });
}

/** p over the tokens that spell something and the end; others have 0. */
export function allowed({ spelled }: Toy, logits: readonly number[]): number[] {
  const end = spelled.length - 1;
  const raw = logits.map((z, token) =>
    (spelled[token] as readonly number[]).length > 0 || token === end ? Math.exp(z) : 0,
  );
  const total = raw.reduce((a, b) => a + b, 0);
  return raw.map((p) => p / total);
}

/**
 * P(b) by writing out every sequence of tokens that covers `bytes` and whose last token is needed for that.
 * @param next p of each token after the tokens so far, which were drawn one by one
 */
export function coverProbability(
  toy: Toy,
  bytes: readonly number[],
  next: (drawn: readonly number[]) => readonly number[],
): number {
  const visit = (drawn: readonly number[], written: number): number => {
    if (written >= bytes.length) return 1;
    const p = next(drawn);
    let total = 0;
    for (const [token, spelling] of toy.spelled.entries()) {
      if (spelling.length === 0) continue;
      if (!spelling.every((byte, i) => written + i >= bytes.length || bytes[written + i] === byte)) continue;
      total += (p[token] as number) * visit([...drawn, token], written + spelling.length);
    }
    return total;
  };
  return visit([], 0);
}

/** The probability that exactly `bytes` are written and then the end. */
export function wholeProbability(
  toy: Toy,
  bytes: readonly number[],
  next: (drawn: readonly number[]) => readonly number[],
): number {
  const visit = (drawn: readonly number[], written: number): number => {
    const p = next(drawn);
    if (written === bytes.length) return p[toy.spelled.length - 1] as number;
    let total = 0;
    for (const [token, spelling] of toy.spelled.entries()) {
      if (spelling.length === 0 || written + spelling.length > bytes.length) continue;
      if (!spelling.every((byte, i) => bytes[written + i] === byte)) continue;
      total += (p[token] as number) * visit([...drawn, token], written + spelling.length);
    }
    return total;
  };
  return visit([], 0);
}

export function modelOf(toy: Toy, expert: Expert, tolerance = 0, prompt = Int32Array.of(0)): ByteModel {
  return createByteModel({ expert, prompt, vocabulary: toy.vocabulary, tolerance });
}

/** P(b) and P(b, end) from the byte model, by the chain rule. */
export async function chain(
  model: ByteModel,
  bytes: readonly number[],
): Promise<{ readonly prefix: number; readonly whole: number; readonly masses: readonly number[] }> {
  let prefix = 1;
  const masses: number[] = [];
  for (const byte of bytes) {
    const p = await probabilities(model);
    masses.push(p.reduce((a, b) => a + b, 0));
    prefix *= p[byte] as number;
    model.accept(byte);
  }
  const last = await probabilities(model);
  return { prefix, whole: prefix * (last[END_OF_BYTES] as number), masses };
}

export async function probabilities(model: ByteModel): Promise<Float64Array> {
  const answer = await model.next();
  if (answer === 'cancelled') throw new Error('cancelled');
  return Float64Array.from(answer.probabilities);
}
