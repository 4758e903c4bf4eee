import { describe, expect, it } from 'vitest';
import { boxedAnswer, mathsFaults } from '../../src/text/maths-faults.ts';

describe('faults in formulas', () => {
  it.each<[string, number]>([
    ['The sum is \\(2 + 2\\), so \\boxed{4}. It costs $5 a day.', 0],
    ['\\[x^2\\] and $$y$$ and $z$', 0],
    ['\\(2 + 2', 1],
    ['2 + 2\\) and \\[3', 2],
    ['\\boxed{4', 1],
    ['$$x', 1],
  ])('in %j are %i', (text, faults) => {
    expect(mathsFaults(text)).toBe(faults);
  });

  it('find the last box, braces inside it and all', () => {
    expect(boxedAnswer('\\boxed{1} then \\boxed{ \\frac{1}{2} }')).toBe('\\frac{1}{2}');
    expect(boxedAnswer('\\boxed{1')).toBeUndefined();
    expect(boxedAnswer('42')).toBeUndefined();
  });
});
