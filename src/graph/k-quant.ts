/**
 * Scale and zero point of a block by weighted least squares, after make_qkx2_quants in ggml-quants.c and its copy in ONNX Runtime
 * (quant_tensor_k_quant_cpu in neural_compressor/weight_only.py): several spacings of the codes are tried, for each the best
 * scale is solved for, and the best is kept. There the zero point is rounded after the search; here every try has a
 * whole one, as the operator wants it, and the error compared is the one that remains. They try 20 spacings; these reach nearly
 * the same error in a third of the time.
 */

import { type Bits, BLOCK, type BlockScratch, ROUND as round, roundCodes } from './block.ts';

/**
 * Steps that the range of the block is cut into, beside 2^bits - 1: fewer leave room at its ends, more cut them off. The first is
 * what rounding to nearest takes, so with the best scale for its codes the result is never worse than that.
 */
const offsets: Readonly<Record<Bits, readonly number[]>> = { 4: [0, -1.2, -0.6, 0.6], 8: [0, -1] };

/** Relative to the values: below it an error is only that of float64. */
const NO_ERROR = 1e-14;

/** An import that is not bundled, as in the tests, is looked up whenever it is read: three times as slow in these loops. */
const ROUND = round;

const weights = new Float64Array(BLOCK);
const weighted = new Float64Array(BLOCK);

/** The weight of value x is |x| + the root mean square of the block: an error at a large weight moves a product more. */
export function kQuantBlock(block: BlockScratch, bits: Bits): void {
  const { values } = block;
  let squares = 0;
  let least = 0;
  let greatest = 0;
  for (let i = 0; i < weights.length; i++) {
    const value = values[i] as number;
    squares += value * value;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const mean = Math.sqrt(squares / BLOCK);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    const value = values[i] as number;
    const weight = mean + Math.abs(value);
    weights[i] = weight;
    weighted[i] = weight * value;
    total += weight * value * value;
  }
  const highest = 2 ** bits - 1;
  let error = Number.POSITIVE_INFINITY;
  block.scale = 0;
  block.zeroPoint = 0;
  for (const offset of offsets[bits]) {
    if (error <= total * NO_ERROR) break;
    const inverse = (highest + offset) / (greatest - least);
    const zeroPoint = Math.min(highest, Math.max(0, -least * inverse + ROUND - ROUND));
    const last = highest - zeroPoint;
    let product = 0;
    let power = 0;
    for (let i = 0; i < weights.length; i++) {
      let step = (values[i] as number) * inverse + ROUND - ROUND;
      step = step < -zeroPoint ? -zeroPoint : Math.min(step, last);
      product += (weighted[i] as number) * step;
      power += (weights[i] as number) * step * step;
    }
    const scale = Math.fround(product / power);
    const remaining = total - scale * (2 * product - scale * power);
    if (remaining < error) {
      error = remaining;
      block.scale = scale;
      block.zeroPoint = zeroPoint;
    }
  }
  roundCodes(block, bits);
}
