import { describe, expect, it } from 'vitest';
import { toLatex } from '../../src/maths/plain.ts';

describe('what people type, as LaTeX', () => {
  it.each([
    ['2*3 + 4', '2\\cdot 3 + 4'],
    ['x**10', 'x^{10}'],
    ['x^-1', 'x^{-1}'],
    ['2^(n+1)', '2^{n+1}'],
    ['sqrt(2)/3', '\\sqrt{2}/3'],
    ['sqrt(1 + sqrt(x))', '\\sqrt{1 + \\sqrt{x}}'],
    ['abs(x - 1)', '|x - 1|'],
    ['sin(x)^2', '\\sin (x)^{2}'],
    ['2 pi r', '2 \\pi r'],
    ['speed*time', '\\mathrm{speed}\\cdot \\mathrm{time}'],
    ['x² + 3×4 − 1', 'x^{2} + 3\\cdot 4 - 1'],
    ['1,000,000 + 1', '1000000 + 1'],
    ['17 + 25.', '17 + 25'],
  ])('reads %s', (typed, latex) => {
    expect(toLatex(typed)).toBe(latex);
  });

  it('keeps LaTeX, without what only sets it', () => {
    expect(toLatex('\\left(\\dfrac{1}{2}\\right) \\quad x_{1} \\\\')).toContain('(\\frac{1}{2}) x_{1}');
    expect(toLatex('a &= \\boxed{42}')).toBe('a = 42');
    expect(toLatex('1{,}000')).toBe('1000');
  });

  it('leaves a pair of numbers alone, which only looks like thousands', () => {
    expect(toLatex('(1,20)')).toBe('(1,20)');
  });
});
