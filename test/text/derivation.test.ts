import { describe, expect, it } from 'vitest';
import { derivationSteps } from '../../src/text/derivation.ts';

const texts = (text: string): string[] => derivationSteps(text).map((step) => step.text);

describe('the steps of a derivation', () => {
  it('are the lines of a plain one', () => {
    expect(texts('2x + 3 = 7\n2x = 4\nx = 2')).toEqual(['2x + 3 = 7', '2x = 4', 'x = 2']);
  });

  it('are found behind numbers, comments and words before a colon', () => {
    expect(texts('1. 2x = 4\n// x = 2\nWe divide by two: x = 2.\nThus x = 2')).toEqual([
      '2x = 4',
      'x = 2',
      'x = 2',
      'x = 2',
    ]);
  });

  it('leave sentences out', () => {
    expect(texts('We solve this equation for the 2 unknowns.\n2x = 4\nwhich is what was asked')).toEqual([
      '2x = 4',
    ]);
    expect(texts('Nothing here.')).toEqual([]);
  });

  it('are the rows of an align', () => {
    const latex = '\\begin{align*}\n(x+1)^2 &= x^2 + 2x + 1 \\\\[2pt]\n &= x(x+2) + 1\n\\end{align*}';
    expect(texts(latex)).toEqual(['(x+1)^2 &= x^2 + 2x + 1', '&= x(x+2) + 1']);
  });

  it('are the formulas where a text has them', () => {
    expect(texts('From $2x + 3 = 7$ we get $2x = 4$, so that there are 3 ways:\n$$x = 2$$')).toEqual([
      '2x + 3 = 7',
      '2x = 4',
      'x = 2',
    ]);
    expect(texts('\\[ a = b \\\\ c = d \\]')).toEqual(['a = b', 'c = d']);
  });

  it('keep a minus at the beginning', () => {
    expect(texts('-x + 1\n= 1 - x')).toEqual(['-x + 1', '= 1 - x']);
  });

  it.each([
    '2x + 3 = 7\n  2x = 4',
    'From $2x = 4$ follows $x = 2$.',
    '\\begin{align}a &= b+1 \\\\ &= c\\end{align}',
  ])('stand where they say: %s', (text) => {
    const steps = derivationSteps(text);
    expect(steps).toHaveLength(2);
    for (const step of steps) expect(text.slice(step.start, step.end)).toBe(step.text);
  });
});
