import { describe, expect, it } from 'vitest';
import { planGhost, shapeGhost } from '../../src/text/ghost.ts';
import { fitFormulas, hasFormulas, openAt } from '../../src/text/ghost-formula.ts';

const fitted = (before: string, text: string, after = '', truncated = false): string =>
  fitFormulas(text, { before, after, truncated });

describe('the formula that a text ends inside of', () => {
  it.each([
    ['Let $x', '$'],
    ['Let $x$ be', undefined],
    ['\\[ x', '\\['],
    ['\\( x \\)', undefined],
    ['$$\nx', '$$'],
    ['It costs $5 and more', undefined],
    ['It costs \\$5 and $x', '$'],
    ['`$x` is code', undefined],
    ['US$5', undefined],
  ])('of %s is %s', (text, open) => {
    expect(openAt(text)).toBe(open);
  });
});

describe('ghost text at a formula', () => {
  it('ends where the formula is closed already', () => {
    expect(fitted('Let $x = ', '2$ and so on', '$ be')).toBe('2');
    expect(fitted('\\[ x = ', '2 \\] next', ' \\]')).toBe('2 ');
  });

  it('may finish the formula where it is open, and go on', () => {
    expect(fitted('Let $x = ', '2$ and so on')).toBe('2$ and so on');
    expect(fitted('Let $x = ', '2', '')).toBe('2');
  });

  it('opens no formula that it does not close', () => {
    expect(fitted('So ', 'we have $x = 2$ and $y')).toBe('we have $x = 2$ and');
    expect(fitted('Let $x = ', '2$ and $y')).toBe('2$ and');
    expect(fitted('So ', '$x')).toBe('');
    expect(fitted('So ', '$x = 2$.')).toBe('$x = 2$.');
  });

  it('looks at its own paragraph alone', () => {
    expect(fitted('A lone $x\n\nLet ', 'us see')).toBe('us see');
  });

  it('ends in no half command and no open group where the answer was cut', () => {
    expect(fitted('$x = ', '2 + \\fra', '$', true)).toBe('2 +');
    expect(fitted('$x = ', '1 + \\frac{a}{b', '$', true)).toBe('1 +');
    expect(fitted('$x = ', '1 + x^{2', '$', true)).toBe('1 +');
    expect(fitted('\\begin{align}\n x &= ', '\\sqrt{2} + \\alp', '\n\\end{align}', true)).toBe('\\sqrt{2} +');
  });

  it('keeps what was not cut, and prose', () => {
    expect(fitted('$x = ', '\\alpha', '$')).toBe('\\alpha');
    expect(fitted('So ', 'it is {odd', '', true)).toBe('it is {odd');
    expect(fitted('$\\frac{', 'a}{b}', '$', true)).toBe('a}{b}');
  });

  it('is shaped in texts alone: a dollar in code is something else', () => {
    expect(['latex', 'markdown', 'tex'].every(hasFormulas)).toBe(true);
    expect(['php', 'shellscript', 'typescript', 'python'].some(hasFormulas)).toBe(false);
  });
});

describe('a suggestion inside a formula', () => {
  const place = { before: 'Let $x = \\frac{1}{', after: '}$ be the mean of all of them.' };

  it('is asked for, on one line, though the sentence goes on behind it', () => {
    expect(planGhost({ ...place, formulas: true }, 'auto', false)).toEqual({
      kind: 'ask',
      multiline: false,
      stop: ['\n'],
    });
    expect(planGhost(place, 'auto', false)).toMatchObject({ kind: 'skip', rule: 'text-right-of-cursor' });
  });

  it('closes nothing twice', () => {
    const context = { ...place, formulas: true, multiline: false, truncated: false };
    expect(shapeGhost('2}$ be the mean', context)).toMatchObject({ kind: 'text', text: '2' });
  });
});
