import { describe, expect, test } from 'vitest';
import { isUnsure, leaderOf, originLine } from '../../media/chat/origins.ts';
import { shareCurves } from '../../media/chat/share-curves.ts';
import type { AnswerPiece } from '../../src/protocol/chat.ts';

const piece = (shares: AnswerPiece['shares'], more: Partial<AnswerPiece> = {}): AnswerPiece => ({
  length: 1,
  steps: 1,
  shares,
  ...more,
});

describe('a piece', () => {
  test('belongs to the expert with the largest share, and to nobody where nobody has one', () => {
    expect(leaderOf(piece({ code: 0.4, math: 0.6 }))).toBe('math');
    expect(leaderOf(piece({}))).toBeUndefined();
  });

  test('is unsure where the experts agree on less than half, not where nothing is known of that', () => {
    expect(isUnsure(piece({}, { agreement: 0.49 }))).toBe(true);
    expect(isUnsure(piece({}, { agreement: 0.5 }))).toBe(false);
    expect(isUnsure(piece({}))).toBe(false);
  });

  test('says in words what its colour and its line say', () => {
    const experts = [
      { id: 'pocket/code', name: 'code' },
      { id: 'pocket/math', name: 'Gauss' },
    ];
    const unsure = piece({ 'pocket/math': 0.62, 'pocket/code': 0.38 }, { agreement: 0.41 });
    expect(originLine(unsure, experts)).toBe(
      'code 38 % · Gauss 62 % · agreement 41 % · the experts disagreed',
    );
    expect(originLine(piece({ 'pocket/math': 1 }), experts)).toBe('Gauss 100 %');
    expect(originLine(piece({ 'pocket/gone': 1 }), experts)).toBe('pocket/gone 100 %');
  });
});

describe('the curves of the shares', () => {
  const half = Array.from({ length: 20 }, (_, i) => piece(i < 10 ? { a: 1 } : { a: 0.2, b: 0.8 }));

  test('follow who supplied what, one value a stretch', () => {
    const curves = shareCurves(half);
    expect(curves.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(curves[0]?.values).toHaveLength(5);
    expect(curves[0]?.values[0]).toBe(1);
    expect(curves[0]?.values.at(-1)).toBeCloseTo(0.2);
    expect(curves[1]?.values.at(-1)).toBeCloseTo(0.8);
  });

  test('sum to 1 at every stretch, however long the answer, and stay few', () => {
    const long = Array.from({ length: 5000 }, (_, i) =>
      piece({ a: (i % 7) / 7, b: 1 - (i % 7) / 7 }, { steps: 1 + (i % 3) }),
    );
    const curves = shareCurves(long);
    expect(curves[0]?.values).toHaveLength(48);
    for (const [stretch, a] of (curves[0]?.values ?? []).entries()) {
      expect(a + (curves[1]?.values[stretch] ?? 0)).toBeCloseTo(1);
    }
  });

  test('a piece of more steps counts for more', () => {
    const pieces = Array.from({ length: 8 }, (_, i) =>
      piece(i % 2 ? { a: 1 } : { b: 1 }, { steps: i % 2 ? 3 : 1 }),
    );
    expect(shareCurves(pieces)[1]?.values[0]).toBeCloseTo(0.75);
  });

  test('are none of an answer too short to have any', () => {
    expect(shareCurves(half.slice(0, 7))).toEqual([]);
  });
});
