import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RecentChunk, withChunk } from '../../src/text/recent-chunks.ts';

const piece = (document: string, first: number, text: string): RecentChunk => ({
  document,
  path: `/w/${document}`,
  file: document,
  first,
  text,
});
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `line number ${from + i}`).join('\n');

describe('the pieces seen lately', () => {
  it('begin with the newest, and an older one that it overlaps goes', () => {
    const a = piece('a', 0, lines(0, 10));
    const b = piece('b', 0, lines(100, 110));
    const later = piece('a', 5, lines(5, 15));
    expect(withChunk(withChunk([], a), b)).toEqual([b, a]);
    expect(withChunk([b, a], later)).toEqual([later, b]);
    // Further down in the same file it is another piece.
    const below = piece('a', 50, lines(50, 60));
    expect(withChunk([b, a], below)).toEqual([below, b, a]);
  });

  it('keep one of two that say much the same, as a copy of a file does', () => {
    const a = piece('a', 0, lines(0, 20));
    const copy = piece('copy', 0, `${lines(0, 19)}\nanother line`);
    expect(withChunk([a], copy)).toEqual([copy]);
    const half = piece('half', 0, `${lines(0, 10)}\n${lines(50, 60)}`);
    expect(withChunk([a], half)).toEqual([half, a]);
  });

  it('are few, never empty, and never overlap', () => {
    const anyPiece = fc.record({
      document: fc.constantFrom('a', 'b', 'c'),
      path: fc.constant('/w/f'),
      file: fc.constant('f'),
      first: fc.nat(200),
      text: fc
        .array(fc.constantFrom('', 'const a = 1;', 'return b;', 'x'), { maxLength: 6 })
        .map((all) => all.join('\n')),
    });
    fc.assert(
      fc.property(fc.array(anyPiece, { maxLength: 60 }), (pieces) => {
        const kept = pieces.reduce(withChunk, [] as readonly RecentChunk[]);
        expect(kept.length).toBeLessThanOrEqual(16);
        for (const [i, one] of kept.entries()) {
          expect(one.text.trim()).not.toBe('');
          for (const other of kept.slice(i + 1)) {
            const end = (p: RecentChunk): number => p.first + p.text.split('\n').length;
            const apart =
              one.document !== other.document || one.first >= end(other) || other.first >= end(one);
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });
});
