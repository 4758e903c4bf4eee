/** The fixed look of each expert: one of six tones, each a colour and a kind of line (tones.css). */

const TONES = 6;

/** The class of the expert with this id, by its place among all; one that is not known any more has the last. */
export function toneOf(id: string, ids: readonly string[]): string {
  const index = ids.indexOf(id);
  return `tone-${index < 0 ? TONES - 1 : index % TONES}`;
}
