/**
 * What one expert says of the next byte: exact next-byte probabilities from next-token probabilities.
 *
 * The distribution. Let p(u | x) be the expert's next-token distribution after its prompt and the tokens x, restricted to tokens
 * that spell something and to the end; let e(b) be the bytes b as the expert's own tokenizer cuts them. The expert writes a token u
 * drawn from p(. | e(b)) after the bytes b, then goes on from e(b u). This makes a random string of bytes, and
 *
 *   boundary   a(0) = 1,   a(m) = sum over k < m of a(k) p(b[k, m) | e(b[0, k)))           (all tokens that spell b[k, m))
 *   prefix     P(b) = a(m) + sum over k < m of a(k) sum over u longer than b[k, m) and beginning with it of p(u | e(b[0, k)))
 *   next       P(c | b) = P(b c) / P(b),   P(end | b) = a(m) p(end | e(b)) / P(b),          m the length of b
 *
 * so P marginalises over every way to cut b into tokens, and no mass is dropped. It is the distribution of "Exact Byte-Level
 * Probabilities from Tokenized Language Models" (arXiv 2410.09303) and "Sampling from Your Language Model One Byte at a Time"
 * (arXiv 2506.14123) where the expert gives no mass to token sequences that its tokenizer would not make; they leave such sequences
 * out, here they count, read as the tokenizer would write them. It is the plain marginal over all token sequences where the expert
 * answers alike for all that spell the same bytes. See docs/decisions/006-mixing-by-bytes.md.
 *
 * Cost: one evaluation of the expert per byte at most, after a context that differs from the one before in its last tokens.
 */

import {
  allTokens,
  BYTE_SYMBOLS,
  type ByteVocabulary,
  END_OF_BYTES,
  narrowed,
  type TokenRange,
} from './byte-vocabulary.ts';
import { DecodeError } from './decode-error.ts';
import { type Distribution, softmaxOverInto } from './distribution.ts';
import type { Expert, Signal } from './expert.ts';

export interface ByteModelOptions {
  readonly expert: Expert;
  readonly prompt: Int32Array;
  readonly vocabulary: ByteVocabulary;
  /**
   * 0 is exact. Above 0 it is approximate: the expert is not evaluated at boundaries that together hold at most this part of the
   * mass, which changes the answer by at most that (in total variation), and one that no token reaches any more is forgotten.
   */
  readonly tolerance: number;
}

export interface ByteModel {
  /** Bytes accepted so far. */
  readonly length: number;
  /** How often the expert was evaluated. */
  readonly evaluations: number;
  /** The largest part of the mass that any answer so far left out; 0 where exact. */
  readonly leftOut: number;
  /** Tokens of the bytes so far, as the vocabulary's tokenizer cuts them. */
  tokens(): number;
  /** P(. | bytes so far) over 257 symbols, valid until the next call. Throws where the expert's logits are not finite. */
  next(signal?: Signal): Promise<Distribution | 'cancelled'>;
  /** Goes on with one byte, 0 to 255. */
  accept(byte: number): void;
}

/** A place where a token may end and the next begin. */
interface Boundary {
  readonly at: number;
  /** What of a(at) / P(b) came from boundaries that are no longer kept. */
  inflow: number;
  /** a(at) / P(b). */
  mass: number;
  /** Tokens that begin with the bytes since. */
  range: TokenRange;
  /** Absent until the expert was asked. */
  read: Reading | undefined;
}

/** The expert's answer at a boundary, as far as it still matters. */
interface Reading {
  /** p of the tokens of `range`, in its order. */
  probabilities: Float64Array;
  /** Their sum, and before the first byte also that of the end. */
  rest: number;
  readonly end: number;
  /** whole[k]: p of the tokens that spell exactly the next k + 1 bytes. */
  readonly whole: number[];
}

export function createByteModel({ expert, prompt, vocabulary, tolerance }: ByteModelOptions): ByteModel {
  let bytes = new Uint8Array(256);
  let length = 0;
  let boundaries: Boundary[] = [newBoundary(0, 1)];
  let encoded: { readonly length: number; readonly tokens: Int32Array } | undefined;
  let evaluations = 0;
  let leftOut = 0;
  const probabilities = new Float64Array(BYTE_SYMBOLS);
  const logits = new Float64Array(BYTE_SYMBOLS);

  function newBoundary(at: number, inflow: number): Boundary {
    return { at, inflow, mass: inflow, range: allTokens(vocabulary), read: undefined };
  }

  const encode = (end: number): Int32Array => {
    if (encoded?.length !== end) encoded = { length: end, tokens: vocabulary.encode(bytes.subarray(0, end)) };
    return encoded.tokens;
  };

  /** Sets every boundary's mass, first to last. */
  const flow = (): void => {
    for (const boundary of boundaries) boundary.mass = boundary.inflow;
    for (const [i, { at, mass, read }] of boundaries.entries()) {
      if (read === undefined) continue;
      for (let j = i + 1; j < boundaries.length; j++) {
        const later = boundaries[j] as Boundary;
        later.mass += mass * (read.whole[later.at - at - 1] ?? 0);
      }
    }
  };

  /** The expert's answer at a boundary, narrowed to the bytes since. */
  const evaluate = async (boundary: Boundary, signal: Signal | undefined): Promise<boolean> => {
    const tail = encode(boundary.at);
    const context = new Int32Array(prompt.length + tail.length);
    context.set(prompt);
    context.set(tail, prompt.length);
    evaluations++;
    const answer = await expert.logits(context, { rows: 1, signal });
    if (answer === 'cancelled') return false;
    boundary.read = reading(vocabulary, expert.name, answer.logits);
    boundary.range = allTokens(vocabulary);
    for (let at = boundary.at; at < length; at++) narrow(vocabulary, boundary, bytes[at] as number);
    return true;
  };

  /** Which boundary to ask at next; undefined where what was asked is enough. */
  const wanted = (): Boundary | undefined => {
    flow();
    let known = 0;
    let unknown = 0;
    let heaviest: Boundary | undefined;
    for (const boundary of boundaries) {
      const { mass, read } = boundary;
      if (mass === 0) continue;
      if (read !== undefined) known += mass * read.rest;
      else {
        // From the first on, later ones get their whole mass before they are asked.
        if (tolerance === 0) return boundary;
        unknown += mass;
        if (heaviest === undefined || mass > heaviest.mass) heaviest = boundary;
      }
    }
    const part = unknown / (known + unknown);
    if (part > tolerance || known === 0) return heaviest;
    leftOut = Math.max(leftOut, part);
    return undefined;
  };

  const sumUp = (): number => {
    probabilities.fill(0);
    const { starts, spelling } = vocabulary;
    for (const { at, mass, range, read } of boundaries) {
      if (read === undefined || mass === 0) continue;
      const { low, high, depth } = range;
      for (let i = low; i < high; i++) {
        const byte = spelling[(starts[i] as number) + depth] as number;
        probabilities[byte] =
          (probabilities[byte] as number) + mass * (read.probabilities[i - low] as number);
      }
      if (at === length) probabilities[END_OF_BYTES] = mass * read.end;
    }
    let total = 0;
    for (let x = 0; x < BYTE_SYMBOLS; x++) total += probabilities[x] as number;
    return total;
  };

  return {
    get length() {
      return length;
    },
    get evaluations() {
      return evaluations;
    },
    get leftOut() {
      return leftOut;
    },
    tokens: () => encode(length).length,
    async next(signal) {
      for (let boundary = wanted(); boundary !== undefined; boundary = wanted()) {
        if (!(await evaluate(boundary, signal))) return 'cancelled';
      }
      let total = sumUp();
      if (!(total > 0)) {
        // The bytes are none that these tokens can spell: the expert goes on as if a token had just ended.
        const anew = newBoundary(length, 1);
        boundaries = [anew];
        if (!(await evaluate(anew, signal))) return 'cancelled';
        total = sumUp();
      }
      for (let x = 0; x < BYTE_SYMBOLS; x++) {
        const p = (probabilities[x] as number) / total;
        probabilities[x] = p;
        logits[x] = Math.log(p);
      }
      return { logits, probabilities, logSumExp: 0 };
    },
    accept(byte) {
      if (length === bytes.length) {
        const longer = new Uint8Array(2 * length);
        longer.set(bytes);
        bytes = longer;
      }
      bytes[length++] = byte;
      for (const boundary of boundaries) narrow(vocabulary, boundary, byte);
      boundaries.push(newBoundary(length, 0));
      flow();
      rescale();
      retire();
    },
  };

  /** Lets go of the boundaries that no token reaches beyond, once nothing more can flow into them. */
  function retire(): void {
    while (boundaries.length > 1) {
      const [first, ...later] = boundaries as [Boundary, ...Boundary[]];
      const { at, mass, range, read } = first;
      if (range.low < range.high && (read?.rest ?? 1) > 0) return;
      if (read === undefined) {
        // What flowed on from here is not known: where it may matter it is asked for first.
        const part = mass / (1 + mass);
        if (part > tolerance) return;
        leftOut = Math.max(leftOut, part);
      } else for (const next of later) next.inflow += mass * (read.whole[next.at - at - 1] ?? 0);
      boundaries = later;
    }
  }

  /** Keeps the masses relative to P(b), so that they never vanish. */
  function rescale(): void {
    let total = 0;
    for (const { at, mass, read } of boundaries) {
      if (read !== undefined) total += mass * read.rest;
      else if (at === length) total += mass;
    }
    if (!(total > 0)) return;
    for (const boundary of boundaries) {
      boundary.inflow /= total;
      boundary.mass /= total;
    }
  }
}

function reading(vocabulary: ByteVocabulary, name: string, logits: Float32Array): Reading {
  const { ids, ends } = vocabulary;
  const probabilities = new Float64Array(ids.length);
  try {
    const end = softmaxOverInto(logits, ids, ends, probabilities);
    return { probabilities, rest: 1, end, whole: [] };
  } catch (thrown) {
    throw new DecodeError(`'${name}': ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** Goes on with one byte. */
function narrow(vocabulary: ByteVocabulary, boundary: Boundary, byte: number): void {
  const { range, read } = boundary;
  const { whole, longer } = narrowed(vocabulary, range, byte);
  boundary.range = longer;
  if (read === undefined) return;
  const at = (i: number): number => i - range.low;
  read.whole.push(sum(read.probabilities, at(whole.low), at(whole.high)));
  read.probabilities = read.probabilities.slice(at(longer.low), at(longer.high));
  read.rest = sum(read.probabilities, 0, read.probabilities.length);
}

function sum(values: Float64Array, low: number, high: number): number {
  let total = 0;
  for (let i = low; i < high; i++) total += values[i] as number;
  return total;
}
