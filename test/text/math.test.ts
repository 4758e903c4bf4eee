import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formulaAt } from '../../src/text/math.ts';

/** The formulas of a text, and the text between them, from left to right. */
function pieces(text: string): { text: string; formulas: string[]; whole: string } {
  const formulas: string[] = [];
  let plain = '';
  let whole = '';
  for (let i = 0; i < text.length; ) {
    const found = formulaAt(text, i);
    if (found === undefined) {
      plain += text.charAt(i);
      whole += text.charAt(i++);
    } else {
      formulas.push(found.display ? `[${found.tex}]` : found.tex);
      whole += text.slice(i, found.end);
      i = found.end;
    }
  }
  return { text: plain, formulas, whole };
}

describe('formulas are found', () => {
  test.each([
    ['by \\( \\)', 'so \\(x + 1\\).', ['x + 1']],
    ['by \\[ \\], on a line of their own', '\\[\n3x = 15\n\\]', ['[3x = 15]']],
    ['by $', 'with $x^2$ and $y$', ['x^2', 'y']],
    ['by $$', '$$a = b$$', ['[a = b]']],
    ['as a bare \\boxed', 'The answer is \\boxed{42}.', ['\\boxed{42}']],
    ['as a \\boxed with braces inside', '\\boxed{\\frac{1}{2}} and', ['\\boxed{\\frac{1}{2}}']],
    ['as a \\boxed with an escaped brace', '\\boxed{\\{1, 2\\}}', ['\\boxed{\\{1, 2\\}}']],
    ['with a \\boxed inside dollars once', '$\\boxed{42}$', ['\\boxed{42}']],
    ['with line breaks of TeX before the end', '\\[a \\\\\\]', ['[a \\\\]']],
    ['with an escaped dollar inside', '$\\text{\\$5}$', ['\\text{\\$5}']],
    ['starting with a number', '$5 + 3$ and $2x$', ['5 + 3', '2x']],
    ['with words in \\text after a number', '$2 \\text{ apples}$', ['2 \\text{ apples}']],
    ['between a price and a stop', 'costs $5 and $x$.', ['x']],
  ])('%s', (_, text, formulas) => {
    expect(pieces(text).formulas).toEqual(formulas);
  });
});

describe('text stays text', () => {
  test.each([
    ['two prices', '$5 and $10'],
    ['a price range', 'from $5-$10 a day'],
    ['prices with a currency before or after', 'US$5 or A$6, or 30$'],
    ['an amount and prose before a dollar', '$5 a day or 30$'],
    ['an unfinished inline formula', 'so \\(x + 1'],
    ['an unfinished display formula', '\\[ x = \\frac{1}{2'],
    ['an unfinished dollar formula', 'with $x^2'],
    ['an unfinished display dollar formula', '$$x'],
    ['a display dollar formula one dollar short', '$$x$'],
    ['an unfinished \\boxed', 'is \\boxed{\\frac{1}{2}'],
    ['an unfinished \\boxed after a dollar', '$\\boxed{4'],
    ['dollars around a code span', '$`a` and `b`$'],
    ['dollars in two paragraphs', '$x\n\ny$'],
    ['empty delimiters', '\\(\\) \\[ \\] $$ $$'],
    ['a shell variable', 'echo $HOME $PATH'],
  ])('%s', (_, text) => {
    expect(pieces(text)).toEqual({ text, formulas: [], whole: text });
  });
});

const fragments = fc.constantFrom(
  ...['$', '$$', '\\(', '\\)', '\\[', '\\]', '\\boxed{', '{', '}', '\\', '\\\\', '\\$', '`', '\n', '\n\n'],
  ...[' ', '5', 'x', 'and', '\\frac', '🙂', 'é'],
);
const answers = fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join(''));

describe('laws', () => {
  test('no text is lost or made up, in any prefix of any stream', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        for (let end = 0; end <= answer.length; end++) {
          const prefix = answer.slice(0, end);
          expect(pieces(prefix).whole).toBe(prefix);
        }
      }),
    );
  });

  test('a formula lies inside the text, is not empty and is part of its own source', () => {
    fc.assert(
      fc.property(answers, fc.nat(200), (answer, index) => {
        const found = formulaAt(answer, index);
        if (found === undefined) return;
        expect(found.end).toBeGreaterThan(index);
        expect(found.end).toBeLessThanOrEqual(answer.length);
        expect(found.tex).not.toBe('');
        expect(answer.slice(index, found.end)).toContain(found.tex);
      }),
    );
  });

  test('a formula in brackets or \\boxed stays one however the stream goes on', () => {
    fc.assert(
      fc.property(answers, answers, (answer, more) => {
        for (let index = 0; index < answer.length; index++) {
          if (answer.charAt(index) !== '\\') continue;
          const found = formulaAt(answer, index);
          if (found !== undefined) expect(formulaAt(answer + more, index)).toEqual(found);
        }
      }),
    );
  });
});
