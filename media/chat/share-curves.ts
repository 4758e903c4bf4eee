/** The experts' shares over an answer as curves: the mean of each stretch, by who supplied what of its steps. */

import type { AnswerPiece } from '../../src/protocol/chat.ts';

export interface ShareCurve {
  readonly id: string;
  /** Of the stretches in order, each in [0, 1]; at every stretch the curves sum to 1. */
  readonly values: readonly number[];
}

/** More stretches than this would be narrower than what is drawn. */
const MAX_STRETCHES = 48;

/** A stretch of fewer pieces jumps up and down. */
const MIN_PIECES = 4;

/** One curve for each expert that supplied anything; none of an answer too short for two stretches. */
export function shareCurves(pieces: readonly AnswerPiece[]): ShareCurve[] {
  const stretches = Math.min(MAX_STRETCHES, Math.floor(pieces.length / MIN_PIECES));
  if (stretches < 2) return [];
  const sums = new Map<string, number[]>();
  const totals = new Array<number>(stretches).fill(0);
  for (const [index, { shares, steps }] of pieces.entries()) {
    const stretch = Math.floor((index * stretches) / pieces.length);
    for (const [id, share] of Object.entries(shares)) {
      const sum = sums.get(id) ?? new Array<number>(stretches).fill(0);
      sums.set(id, sum);
      sum[stretch] = (sum[stretch] ?? 0) + steps * share;
      totals[stretch] = (totals[stretch] ?? 0) + steps * share;
    }
  }
  return [...sums].map(([id, sum]) => ({
    id,
    values: sum.map((value, stretch) => value / (totals[stretch] || 1)),
  }));
}
