import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { editSimilarity } from '../../bench/quality/edit.ts';

it('knows the textbook cases', () => {
  expect(editSimilarity('kitten', 'sitting')).toBeCloseTo(1 - 3 / 7, 12);
  expect(editSimilarity('flaw', 'lawn')).toBeCloseTo(1 - 2 / 4, 12);
  expect(editSimilarity('', '')).toBe(1);
  expect(editSimilarity('', 'abc')).toBe(0);
  expect(editSimilarity('🙂', '🙃')).toBe(0);
});

it('is symmetric, 1 for the same text only, and one insertion costs one place', () => {
  const word = fc.string({ maxLength: 12, unit: 'grapheme' });
  void fc.assert(
    fc.property(word, word, (a, b) => {
      const similarity = editSimilarity(a, b);
      expect(similarity).toBeGreaterThanOrEqual(0);
      expect(similarity === 1).toBe(a === b);
      expect(editSimilarity(b, a)).toBe(similarity);
      const length = [...a, ...b].length;
      if (b.length > 0 && [...b].length === 1)
        expect(editSimilarity(a, a + b)).toBeCloseTo(1 - 1 / length, 12);
    }),
  );
});
