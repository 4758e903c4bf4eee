import { expect, test } from 'vitest';
import { pieceOf } from '../../src/extension/answer-piece.ts';
import type { Delta } from '../../src/protocol/engine.ts';

const delta = (origin: Delta['origin'], text = ' seven'): Delta => ({
  text,
  tokens: 5,
  unit: 'token',
  shares: {},
  origin,
});

test('a piece keeps its length, its steps, and three digits of who supplied it', () => {
  const piece = pieceOf(
    delta({ shares: { code: 0.123456, math: 0.876544 }, agreement: 0.98765, entropy: 1.5 }),
    2,
  );
  expect(piece).toEqual({ length: 6, steps: 2, shares: { code: 0.123, math: 0.877 }, agreement: 0.988 });
});

test('an expert without a share worth a digit is left out, and so is an agreement that was not observed', () => {
  expect(pieceOf(delta({ shares: { code: 0.0004, math: 0.9996 } }), 1)).toEqual({
    length: 6,
    steps: 1,
    shares: { math: 1 },
  });
});

test('its length counts as the page slices: a character outside the base plane is two', () => {
  expect(pieceOf(delta({ shares: { math: 1 } }, '🙂'), 4).length).toBe(2);
});
