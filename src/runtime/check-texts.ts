/** What a decoder is asked in a self-check, and how long it takes for it. */

import type { Decoder, Memory } from './decoder.ts';

/** Single tokens whose logits are compared, after the prompt's. */
const COMPARED = 2;
/** Single tokens that are timed. */
const TIMED = 5;
/** Tokens before the longer run and after it: in use it goes on from a past, and the last run is as long as what is left. */
const AROUND = { before: 40, after: 100 } as const;

/** In ms. */
export interface DevicePace {
  /** A token that is drawn. */
  readonly tokenMs: number;
  /** Each token of a prompt. */
  readonly readMs: number;
}

interface Watched {
  readonly vocabulary: number;
  /** In ms. */
  readonly clock: () => number;
  /** Called after each run. */
  readonly working: () => void;
}

/** A prompt, and tokens that are fed one by one after it. */
export interface ShortText extends Watched {
  readonly tokens: Int32Array;
  /** How many of them are the prompt. */
  readonly prompt: number;
}

export function shortText(prompt: number, watched: Watched): ShortText {
  const length = prompt + Math.max(COMPARED, TIMED);
  const tokens = Int32Array.from({ length }, (_, i) => (7 + 31 * i) % watched.vocabulary);
  return { ...watched, tokens, prompt };
}

/** The logits after the prompt and after each of some tokens. */
export async function answersTo(text: ShortText, decoder: Decoder): Promise<Float32Array[]> {
  const { tokens, prompt, working } = text;
  const memory = decoder.createMemory();
  try {
    const rows = [await read(text, decoder, { memory, to: prompt })];
    for (let at = prompt; at < prompt + COMPARED; at++) {
      rows.push((await decoder.feed(memory, tokens.slice(at, at + 1), 1)).slice());
      working();
    }
    return rows;
  } finally {
    memory.dispose?.();
  }
}

export async function paceOf(text: ShortText, decoder: Decoder): Promise<DevicePace> {
  const { tokens, prompt, clock, working } = text;
  const memory = decoder.createMemory();
  const times: number[] = [];
  try {
    // What is compiled, or fetched from the disk, when something is read first is not what reading costs.
    await read(text, decoder, { memory, to: prompt });
    memory.truncate(0);
    const began = clock();
    await read(text, decoder, { memory, to: prompt });
    const readMs = (clock() - began) / prompt;
    for (let at = prompt; at < prompt + TIMED; at++) {
      const start = clock();
      await decoder.feed(memory, tokens.slice(at, at + 1), 1);
      times.push(clock() - start);
      working();
    }
    // The median.
    return { tokenMs: times.sort((a, b) => a - b)[TIMED >> 1] as number, readMs };
  } finally {
    memory.dispose?.();
  }
}

/** Tokens with a longer run among them. */
export interface LongText extends Watched {
  readonly tokens: Int32Array;
  /** Where its parts end; the second is the longer run. */
  readonly ends: readonly [number, number, number];
}

/** @param before tokens that the longer run comes after, at least */
export function longText(
  longer: number,
  { before, ...watched }: Watched & { readonly before: number },
): LongText {
  const first = AROUND.before + before;
  const ends = [first, first + longer, first + longer + Math.min(AROUND.after, longer - 1)] as const;
  const tokens = Int32Array.from({ length: ends[2] }, (_, i) => (3 + 29 * i) % watched.vocabulary);
  return { ...watched, tokens, ends };
}

/** The logits after each part, and ms for each token of the longer run. @param end where a run of a part ends, at most `to` */
export async function readLong(
  text: LongText,
  decoder: Decoder,
  end: (start: number, to: number) => number = (start, to) => decoder.runEnd(start, to),
): Promise<{ readonly rows: readonly Float32Array[]; readonly readMs: number }> {
  const { ends, clock } = text;
  const memory = decoder.createMemory();
  const rows: Float32Array[] = [];
  let readMs = 0;
  try {
    for (const [i, to] of ends.entries()) {
      const began = clock();
      rows.push(await read(text, decoder, { memory, to, end }));
      if (i === 1) readMs = (clock() - began) / (ends[1] - ends[0]);
    }
    return { rows, readMs };
  } finally {
    memory.dispose?.();
  }
}

/** Goes on reading where the memory ends, in runs, and gives the logits after token `to`. */
async function read(
  { tokens, working }: ShortText | LongText,
  decoder: Decoder,
  {
    memory,
    to,
    end: endOf = (start) => decoder.runEnd(start, to),
  }: {
    readonly memory: Memory;
    readonly to: number;
    readonly end?: (start: number, to: number) => number;
  },
): Promise<Float32Array> {
  let last = new Float32Array(0);
  for (let start = memory.length, end = start; start < to; start = end) {
    end = endOf(start, to);
    last = (await decoder.feed(memory, tokens.slice(start, end), 1)).slice();
    working();
  }
  return last;
}
