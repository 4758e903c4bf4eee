/** Text cut into stretches that are scored one by one, each for itself. */

/** Longest stretch, in UTF-16 units: some hundred tokens, which fit into any model's context. */
export const PIECE_LENGTH = 1000;
/** A rest shorter than this says nothing that the others do not. */
const LEAST_LENGTH = 40;

/** The stretches of `text` in order, cut at line ends where there are any; what is blank or a short rest is left out. */
export function piecesOf(text: string, length = PIECE_LENGTH): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    const to = endOf(text, from, length);
    const piece = text.slice(from, to);
    if (piece.trim() !== '' && (piece.length >= LEAST_LENGTH || pieces.length === 0)) pieces.push(piece);
    from = to;
  }
  return pieces;
}

function endOf(text: string, from: number, length: number): number {
  const to = from + length;
  if (to >= text.length) return text.length;
  const line = text.lastIndexOf('\n', to - 1) + 1;
  if (line > from) return line;
  // Not between the two halves of one character.
  const splits = /[\uDC00-\uDFFF]/.test(text.charAt(to));
  return splits ? to - 1 || to : to;
}

/**
 * Which half each piece belongs to: whole texts where there are at least four, so that the half that judges comes from
 * other files; otherwise piece by piece. Each goes to the half that is behind, the first to the one that fits.
 * @param texts the pieces of each text
 */
export function halvesOf(texts: readonly (readonly string[])[]): ('fit' | 'judge')[] {
  const whole = texts.filter((pieces) => pieces.length > 0).length >= 4;
  const filled = { fit: 0, judge: 0 };
  const next = (length: number): 'fit' | 'judge' => {
    const half = filled.fit <= filled.judge ? 'fit' : 'judge';
    filled[half] += length;
    return half;
  };
  return texts.flatMap((pieces) => {
    if (!whole) return pieces.map((piece) => next(piece.length));
    const half = next(pieces.reduce((length, piece) => length + piece.length, 0));
    return pieces.map(() => half);
  });
}
