/** Pieces of files that the user looked at or edited lately, so that experts may see them: a short list, the newest first. */

/** Some lines of a document, from `first` on. */
export interface RecentChunk {
  readonly document: string;
  /** Where the document lies, whole. */
  readonly path: string;
  /** The file's path in the repository, or its name. */
  readonly file: string;
  readonly first: number;
  readonly text: string;
}

const MOST_CHUNKS = 16;
/** Of lines that two pieces have in common; above it the newer one stands for both. */
const ALIKE = 0.8;

/** The list with one more at its head, without older pieces that it overlaps or that say much the same. */
export function withChunk(chunks: readonly RecentChunk[], chunk: RecentChunk): readonly RecentChunk[] {
  if (chunk.text.trim() === '') return chunks;
  const others = chunks.filter(
    (other) => !overlap(other, chunk) && likeness(other.text, chunk.text) <= ALIKE,
  );
  return [chunk, ...others].slice(0, MOST_CHUNKS);
}

function overlap(a: RecentChunk, b: RecentChunk): boolean {
  const end = ({ first, text }: RecentChunk): number => first + text.split('\n').length;
  return a.document === b.document && a.first < end(b) && b.first < end(a);
}

/** Jaccard's index of the sets of their lines that say something. */
function likeness(a: string, b: string): number {
  const linesOf = (text: string): Set<string> =>
    new Set(
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line.length > 3),
    );
  const [one, two] = [linesOf(a), linesOf(b)];
  const common = [...one].filter((line) => two.has(line)).length;
  const all = one.size + two.size - common;
  return all === 0 ? 0 : common / all;
}
