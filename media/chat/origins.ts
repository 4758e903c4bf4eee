/** Who supplied a piece of an answer, for the eye and in words. */

import type { AnswerPiece } from '../../src/protocol/chat.ts';
import { type Named, nameOf, sharesOf } from './shares.ts';
import { words } from './words.ts';

/**
 * Below this agreement (1 - total variation) a piece is marked as unsure: more than half of what one expert expected, another
 * did not.
 */
const UNSURE = 0.5;

/** The expert with the largest share; undefined where nobody has one. */
export function leaderOf({ shares }: AnswerPiece): string | undefined {
  let leader: string | undefined;
  let most = 0;
  for (const [id, share] of Object.entries(shares)) {
    if (share <= most) continue;
    leader = id;
    most = share;
  }
  return leader;
}

export function isUnsure({ agreement }: AnswerPiece): boolean {
  return agreement !== undefined && agreement < UNSURE;
}

/** `math 62 % · code 38 % · agreement 41 % · the experts disagreed`. */
export function originLine(piece: AnswerPiece, experts: readonly Named[]): string {
  const order = experts.map(({ id }) => id);
  const shares = sharesOf(piece.shares, order).map(({ id, percent }) => `${nameOf(id, experts)} ${percent}`);
  const agreement =
    piece.agreement === undefined ? [] : [words.origins.agreement(Math.round(100 * piece.agreement))];
  return [...shares, ...agreement, ...(isUnsure(piece) ? [words.origins.unsure] : [])].join(' · ');
}
