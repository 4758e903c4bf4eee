import { describe, expect, it } from 'vitest';
import { createRetention, type Look, likeness } from '../../src/extension/retention.ts';
import { clock } from './clock.ts';

const document = 'file:///a.ts';

/** A document in which `added` was just taken behind `before`. */
function taken(before: string, added: string, after = '') {
  const time = clock();
  let text = before + added + after;
  let isOpen = true;
  const looks: Look[] = [];
  const retention = createRetention({
    after: time.after,
    textAt: (_, { start, end }) => (isOpen ? text.slice(start, end) : undefined),
  });
  const span = { start: before.length, end: before.length + added.length };
  retention.follow({ document, span, text: added }, (look) => looks.push(look));
  return {
    looks,
    retention,
    pass: time.pass,
    replace(start: number, length: number, by: string, where = document): void {
      retention.changed(where, [{ start, length, added: by.length }]);
      if (where === document) text = text.slice(0, start) + by + text.slice(start + length);
    },
    close(): void {
      isOpen = false;
    },
  };
}

describe('what was taken', () => {
  it('is looked at after 30 s and after 5 min, and not before', () => {
    const { looks, pass } = taken('const x = ', 'value + 1;');
    pass(29_999);
    expect(looks).toEqual([]);
    pass(1);
    expect(looks).toEqual([{ after: 30, alike: 1, isStill: true }]);
    pass(269_999);
    expect(looks).toHaveLength(1);
    pass(1);
    expect(looks.at(-1)).toEqual({ after: 300, alike: 1, isStill: true });
  });

  it('is found where edits before it have moved it', () => {
    const { looks, pass, replace } = taken('const x = ', 'value + 1;');
    replace(0, 5, 'export let');
    replace(0, 0, '// one\n');
    pass(30_000);
    expect(looks).toEqual([{ after: 30, alike: 1, isStill: true }]);
  });

  it('counts what was changed inside it, and is gone where it was deleted or written anew', () => {
    const first = taken('', '0123456789');
    first.replace(4, 2, 'ab');
    first.pass(30_000);
    first.replace(0, 10, 'xy');
    first.pass(270_000);
    expect(first.looks).toEqual([
      { after: 30, alike: 0.8, isStill: true },
      { after: 300, alike: 0, isStill: false },
    ]);
    const second = taken('a', 'bcd', 'e');
    second.replace(0, 5, '');
    second.pass(30_000);
    expect(second.looks).toEqual([{ after: 30, alike: 0, isStill: false }]);
  });

  it('is untouched by what happens in another document', () => {
    const { looks, pass, replace } = taken('', 'value');
    replace(0, 5, '', 'file:///b.ts');
    pass(30_000);
    expect(looks).toEqual([{ after: 30, alike: 1, isStill: true }]);
  });

  it('is not judged where its document was closed, or all was forgotten', () => {
    const closed = taken('', 'value');
    closed.close();
    closed.pass(300_000);
    expect(closed.looks).toEqual([]);
    const cleared = taken('', 'value');
    cleared.retention.clear();
    cleared.pass(300_000);
    expect(cleared.looks).toEqual([]);
  });
});

describe('likeness', () => {
  it('is one less the distance over the longer length, whatever the line ends', () => {
    expect(likeness('kitten', 'sitting')).toBeCloseTo(1 - 3 / 7);
    expect(likeness('a\nb', 'a\r\nb')).toBe(1);
    expect(likeness('', '')).toBe(1);
    expect(likeness('abc', '')).toBe(0);
  });

  it('takes what became very long for something else', () => {
    expect(likeness('a', 'a'.repeat(20_001))).toBe(0);
  });
});
