import { describe, expect, it } from 'vitest';
import { movedSpan } from '../../src/text/moved-span.ts';

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
