import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halvesOf, piecesOf } from '../../src/text/pieces.ts';

const lines = fc.array(fc.string({ unit: 'grapheme', maxLength: 90 }), { maxLength: 40 });
const text = lines.map((all) => all.join('\n'));
const length = fc.integer({ min: 60, max: 300 });

describe('the pieces of a text', () => {
  it('are parts of it in order, no longer than asked, and cut no character', () => {
    fc.assert(
      fc.property(text, length, (whole, most) => {
        let from = 0;
        for (const piece of piecesOf(whole, most)) {
          expect(piece.length).toBeLessThanOrEqual(most);
          expect(piece).not.toMatch(/^[\uDC00-\uDFFF]/);
          const at = whole.indexOf(piece, from);
          expect(at).toBeGreaterThanOrEqual(from);
          from = at + piece.length;
        }
      }),
    );
  });

  it('leave out only blank stretches and short rests', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const kept = piecesOf(whole, 200).join('').replace(/\s/g, '').length;
        const all = whole.replace(/\s/g, '').length;
        const stretches = Math.ceil(whole.length / 110) + 1;
        expect(kept).toBeLessThanOrEqual(all);
        expect(all - kept).toBeLessThan(40 * stretches);
      }),
    );
  });

  it('end where lines end, and inside a line only where it is too long', () => {
    expect(piecesOf(`${'a'.repeat(50)}\n${'b'.repeat(50)}\n${'c'.repeat(50)}`, 60)).toEqual([
      `${'a'.repeat(50)}\n`,
      `${'b'.repeat(50)}\n`,
      'c'.repeat(50),
    ]);
    expect(piecesOf('a'.repeat(130), 60).map((piece) => piece.length)).toEqual([60, 60]);
    expect(piecesOf(`${'a'.repeat(59)}🙂${'b'.repeat(59)}`, 60)[0]).toBe('a'.repeat(59));
  });

  it('are none of blank text', () => {
    expect(piecesOf(' \n \n')).toEqual([]);
  });
});

describe('the halves', () => {
  const piece = (size: number) => 'x'.repeat(size);

  it('keep whole files together where there are four, and are about even', () => {
    const texts = [[piece(9), piece(9)], [piece(9), piece(9)], [piece(9)], [piece(9)], []];
    expect(halvesOf(texts)).toEqual(['fit', 'fit', 'judge', 'judge', 'fit', 'judge']);
  });

  it('alternate piece by piece where there are fewer', () => {
    expect(halvesOf([[piece(9), piece(9), piece(9)]])).toEqual(['fit', 'judge', 'fit']);
  });

  it('are never further apart than the largest unit', () => {
    const files = fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }));
    fc.assert(
      fc.property(files, (sizes) => {
        const texts = sizes.map((pieces) => pieces.map(piece));
        const halves = halvesOf(texts);
        const total = { fit: 0, judge: 0 };
        for (const [i, size] of sizes.flat().entries()) total[halves[i] ?? 'fit'] += size;
        const unit = Math.max(0, ...sizes.map((pieces) => pieces.reduce((a, b) => a + b, 0)));
        expect(Math.abs(total.fit - total.judge)).toBeLessThanOrEqual(unit);
      }),
    );
  });
});
