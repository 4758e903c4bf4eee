/** What a tiny decoder answers after every token, and how far that is from what transformers says. */

import type { Decoder } from '../../src/runtime/decoder.ts';
import type { TinyModel } from '../graph/tiny-models.ts';

/** Positions of the graphs; the tiny models have as many. */
export const TINY_CONTEXT = 512;

/** The logits after every token, in runs of at most `most` tokens. */
export async function allRows(
  decoder: Decoder,
  tokens: readonly number[],
  most = 64,
): Promise<Float32Array[]> {
  const memory = decoder.createMemory();
  const rows: Float32Array[] = [];
  for (let start = 0, end = 0; start < tokens.length; start = end) {
    end = Math.min(decoder.runEnd(start, tokens.length), start + most);
    const data = await decoder.feed(memory, Int32Array.from(tokens.slice(start, end)), end - start);
    const width = data.length / (end - start);
    for (let row = 0; row < end - start; row++) rows.push(data.slice(row * width, (row + 1) * width));
  }
  return rows;
}

/** The largest distance from what transformers says, at each position. */
export function errors({ logSumExps, named }: TinyModel, rows: readonly Float32Array[]): number[] {
  return rows.map((row, i) => {
    const sum = Math.log(row.reduce((total, z) => total + Math.exp(z), 0));
    const wanted = named[i] ?? [];
    const each = wanted.map((value, j) =>
      Math.abs(value - (row[(i * 7 + 13 * j) % row.length] ?? Number.NaN)),
    );
    return Math.max(Math.abs(sum - (logSumExps[i] ?? Number.NaN)), ...each);
  });
}
