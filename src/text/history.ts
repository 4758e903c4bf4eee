/** What of a conversation fits beside a new question. */

/** The newest of `turns`, whole and without gaps, whose sizes together are at most `room`; oldest first. */
export function newestThatFit<Turn>(
  turns: readonly Turn[],
  room: number,
  size: (turn: Turn) => number,
): readonly Turn[] {
  let left = room;
  let from = turns.length;
  for (const turn of turns.toReversed()) {
    left -= size(turn);
    if (left < 0) break;
    from--;
  }
  return turns.slice(from);
}
