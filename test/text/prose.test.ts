import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withDollars } from '../../src/text/dollars.ts';
import { proseIn } from '../../src/text/prose.ts';

const proseOf = (text: string): string[] => proseIn(text).spans.map(({ from, to }) => text.slice(from, to));

describe('prose', () => {
  test('is what stands outside fences and backticks', () => {
    expect(proseOf('a `b` c\n```ts\nd `e\n```\nf ``g ` h`` i')).toEqual(['a ', ' c\n', '\nf ', ' i']);
    expect(proseOf('~~~\n```\n~~~\na')).toEqual(['\na']);
  });

  test('includes backticks without a partner, escaped ones, and a fence inside a line', () => {
    expect(proseOf('a `b\n\nc` d')).toEqual(['a `b\n\nc` d']);
    expect(proseOf('a \\`b` c')).toEqual(['a \\`b` c']);
    expect(proseOf('a ```b')).toEqual(['a ```b']);
  });

  test('ends where a fence has no end, and says which would end it', () => {
    expect(proseIn('a\n````ts\n```\nb')).toEqual({ spans: [{ from: 0, to: 2 }], open: '````' });
    expect(proseIn('```').open).toBe('```');
    expect(proseIn('```\n```').open).toBeUndefined();
  });

  test('never overlaps and never leaves the text, whatever the text is', () => {
    const text = fc.string({ unit: fc.constantFrom('`', '~', '\n', '\\', ' ', 'a'), maxLength: 60 });
    fc.assert(
      fc.property(text, (any) => {
        let last = 0;
        for (const { from, to } of proseIn(any).spans) {
          expect(from).toBeGreaterThanOrEqual(last);
          expect(to).toBeGreaterThan(from);
          last = to;
        }
        expect(last).toBeLessThanOrEqual(any.length);
      }),
    );
  });
});

test('formulas are put between dollars, and code and prices stay', () => {
  expect(withDollars('So \\(x^2\\) and \\[ y \\] and $z$.')).toBe('So $x^2$ and $$y$$ and $z$.');
  expect(withDollars('\\boxed{42}')).toBe('$\\boxed{42}$');
  expect(withDollars('`\\(x\\)`\n```\n\\[ y \\]\n```\n')).toBe('`\\(x\\)`\n```\n\\[ y \\]\n```\n');
  expect(withDollars('$5 a day, \\\\(no\\) and \\(unclosed')).toBe('$5 a day, \\\\(no\\) and \\(unclosed');
});
