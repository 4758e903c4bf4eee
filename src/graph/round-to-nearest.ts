/** Blocks rounded to nearest: no value is farther from its code than half a step. */

import { type Bits, BLOCK, type BlockScratch, roundCodes } from './block.ts';

/**
 * The value farthest from 0 takes the lowest code, which the other side does not reach (ggml's q4_0). Where the other side would
 * need more than half a step beyond the highest code, the steps are widened until both sides are half a step beyond.
 */
export function symmetricBlock(block: BlockScratch, bits: Bits): void {
  const { least, greatest } = rangeOf(block);
  const middle = 2 ** (bits - 1);
  const farthest = -least >= greatest ? least : greatest;
  const opposite = Math.min(-least, greatest);
  // Never -0, which would make zeros of the block negative.
  const exact = Math.fround(farthest / -middle) + 0;
  const fits = opposite <= (middle - 0.5) * Math.abs(exact);
  block.scale = fits ? exact : Math.fround(Math.abs(farthest) / (middle - 0.5));
  block.zeroPoint = middle;
  roundCodes(block, bits);
}

/** The range of the block, widened to hold 0, which then has a code of its own. */
export function asymmetricBlock(block: BlockScratch, bits: Bits): void {
  const { least, greatest } = rangeOf(block);
  const highest = 2 ** bits - 1;
  const scale = Math.fround((greatest - least) / highest);
  block.scale = scale;
  block.zeroPoint = scale === 0 ? 0 : Math.min(highest, Math.max(0, Math.round(-least / scale)));
  roundCodes(block, bits);
}

/** The range of the block's values, widened to hold 0. */
function rangeOf({ values }: BlockScratch): { readonly least: number; readonly greatest: number } {
  let least = 0;
  let greatest = 0;
  for (let i = 0; i < BLOCK; i++) {
    const value = values[i] as number;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return { least, greatest };
}
