/** A block of weights on its way to few bits: what the quantisers read and what they leave. */

/** Values in a block. */
export const BLOCK = 32;

export type Bits = 4 | 8;

export interface BlockScratch {
  /** [32], finite. */
  readonly values: Float64Array;
  /** [32], whole numbers from 0 to 2^bits - 1. */
  readonly codes: Float64Array;
  /** As float32 holds it: rounded only afterwards, it would move every value. */
  scale: number;
  zeroPoint: number;
}

export function blockScratch(): BlockScratch {
  return { values: new Float64Array(BLOCK), codes: new Float64Array(BLOCK), scale: 0, zeroPoint: 0 };
}

/** Adding and taking away 1.5 * 2^52 rounds a number below 2^51 to the nearest whole one. */
export const ROUND = 6755399441055744;

/** Writes the nearest code of every value under the block's scale and zero point. */
export function roundCodes(block: BlockScratch, bits: Bits): void {
  const { values, codes, scale, zeroPoint } = block;
  const highest = 2 ** bits - 1;
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < BLOCK; i++) {
    const code = (values[i] as number) * inverse + ROUND - ROUND + zeroPoint;
    codes[i] = code < 0 ? 0 : Math.min(code, highest);
  }
}
