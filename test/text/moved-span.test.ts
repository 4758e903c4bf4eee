import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { movedSpan, stretchedSpan } from '../../src/text/moved-span.ts';

const text = 'alpha beta gamma';
const span = { start: 6, end: 10 };

function left(start: number, length: number, added: string): string | undefined {
  const changed = text.slice(0, start) + added + text.slice(start + length);
  const moved = movedSpan(span, { start, length, added: added.length });
  return moved && changed.slice(moved.start, moved.end);
}

describe('a span whose text is changed elsewhere', () => {
  it('keeps its own text where something before it grows, shrinks or goes', () => {
    expect(left(0, 0, 'new ')).toBe('beta');
    expect(left(0, 6, '')).toBe('beta');
    expect(left(0, 5, 'a')).toBe('beta');
    expect(left(6, 0, 'big ')).toBe('beta');
  });

  it('stays where something after it changes', () => {
    expect(left(10, 0, ' or')).toBe('beta');
    expect(left(11, 5, 'delta')).toBe('beta');
  });

  it('is lost where the change reaches into it', () => {
    expect(left(7, 1, '')).toBeUndefined();
    expect(left(8, 0, 'x')).toBeUndefined();
    expect(left(5, 2, '')).toBeUndefined();
    expect(left(9, 3, '')).toBeUndefined();
    expect(left(0, 16, '')).toBeUndefined();
  });

  it('moves with an empty place of insertion', () => {
    const place = { start: 6, end: 6 };
    expect(movedSpan(place, { start: 6, length: 0, added: 3 })).toEqual({ start: 9, end: 9 });
    expect(movedSpan(place, { start: 7, length: 2, added: 0 })).toEqual(place);
    expect(movedSpan(place, { start: 5, length: 2, added: 0 })).toBeUndefined();
  });
});

describe('a span that is followed through changes of its inside', () => {
  const followed = (start: number, length: number, added: string): string => {
    const changed = text.slice(0, start) + added + text.slice(start + length);
    const now = stretchedSpan(span, { start, length, added: added.length });
    return changed.slice(now.start, now.end);
  };

  it('grows and shrinks with it', () => {
    expect(followed(8, 0, 'XX')).toBe('beXXta');
    expect(followed(7, 2, '')).toBe('ba');
    expect(followed(7, 2, 'i')).toBe('bia');
  });

  it('leaves out what is put in at its ends, and what reaches beyond them', () => {
    expect(followed(6, 0, 'big ')).toBe('beta');
    expect(followed(10, 0, ' or')).toBe('beta');
    expect(followed(3, 5, 'X')).toBe('ta');
    expect(followed(8, 5, 'X')).toBe('be');
  });

  it('becomes what takes its place, and comes back by undoing', () => {
    expect(followed(6, 4, 'new')).toBe('new');
    expect(followed(0, 16, 'all')).toBe('all');
    const gone = stretchedSpan(span, { start: 6, length: 4, added: 0 });
    expect(gone).toEqual({ start: 6, end: 6 });
    expect(stretchedSpan(gone, { start: 6, length: 0, added: 4 })).toEqual(span);
    expect(stretchedSpan(gone, { start: 2, length: 0, added: 4 })).toEqual({ start: 10, end: 10 });
  });

  it('agrees with movedSpan wherever that knows the place', () => {
    const change = fc.record({ start: fc.nat(20), length: fc.nat(8), added: fc.nat(8) });
    fc.assert(
      fc.property(change, (one) => {
        const moved = movedSpan(span, one);
        if (moved !== undefined) expect(stretchedSpan(span, one)).toEqual(moved);
      }),
    );
  });
});
