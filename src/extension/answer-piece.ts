/** What is kept of each piece of an answer: who supplied it and how far the experts agreed, in a few digits. */

import type { AnswerPiece } from '../protocol/chat.ts';
import type { Delta } from '../protocol/engine.ts';

/** @param steps since the piece before, >= 1 */
export function pieceOf({ text, origin }: Delta, steps: number): AnswerPiece {
  const shares = Object.entries(origin.shares)
    .map(([id, share]) => [id, threeDigits(share)] as const)
    .filter(([, share]) => share > 0);
  return {
    length: text.length,
    steps,
    shares: Object.fromEntries(shares),
    ...(origin.agreement !== undefined && { agreement: threeDigits(origin.agreement) }),
  };
}

/** A page shows percents; more digits would be most of the message. */
function threeDigits(value: number): number {
  return Math.round(1000 * value) / 1000;
}
