import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowAround } from '../../src/text/window.ts';

const size = { prefixChars: 200, suffixChars: 80 };
const code = fc
  .array(fc.string({ maxLength: 40, unit: fc.constantFrom('a', ' ', '(', ';', '😀') }), { maxLength: 60 })
  .map((lines) => lines.join('\n'));
const halfPair = /^[\udc00-\udfff]|[\ud800-\udbff]$/;

describe('the window around the cursor', () => {
  it('is the whole text where that fits', () => {
    expect(windowAround('one\ntwo', 4, size)).toEqual({ prefix: 'one\n', suffix: 'two' });
  });

  it('touches the cursor on both sides and keeps its limits', () => {
    fc.assert(
      fc.property(code, fc.nat(), (text, place) => {
        const offset = place % (text.length + 1);
        const { prefix, suffix } = windowAround(text, offset, size);
        expect(text.slice(0, offset).endsWith(prefix)).toBe(true);
        expect(text.slice(offset).startsWith(suffix)).toBe(true);
        expect(prefix.length).toBeLessThanOrEqual(size.prefixChars);
        expect(suffix.length).toBeLessThanOrEqual(size.suffixChars + 1);
        expect(prefix.length).toBeGreaterThanOrEqual(Math.min(offset, size.prefixChars / 2 - 1));
      }),
    );
  });

  it('never cuts a character of two units in half', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 400 }), fc.integer({ min: 0, max: 3 }), (count, lead) => {
        const text = 'x'.repeat(lead) + '😀'.repeat(count);
        const { prefix, suffix } = windowAround(text, lead + 2 * Math.floor(count / 2), size);
        expect(prefix).not.toMatch(halfPair);
        expect(suffix).not.toMatch(halfPair);
      }),
    );
  });

  it('keeps its start while characters are typed, but for one step in a quarter of the prefix', () => {
    fc.assert(
      fc.property(code, fc.stringMatching(/^[a-z (]{1,49}$/), (text, typed) => {
        const starts = new Set<number>();
        for (let count = 0; count <= typed.length; count++) {
          const now = text + typed.slice(0, count);
          starts.add(now.length - windowAround(now, now.length, size).prefix.length);
        }
        expect(starts.size).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('moves with every character when it is not quantised (the control of the law above)', () => {
    const naive = (text: string): number => Math.max(0, text.length - size.prefixChars);
    const starts = new Set([...'abcdef'].map((_, count) => naive('x'.repeat(300 + count))));
    expect(starts.size).toBe(6);
  });

  it('starts and ends at whole lines where the lines are not longer than a step', () => {
    const text = Array.from({ length: 80 }, (_, line) => `const line${line} = ${line};`).join('\n');
    const { prefix, suffix } = windowAround(text, 900, size);
    expect(prefix).toMatch(/^const/);
    expect(suffix).toMatch(/;\n$/);
  });

  it('does not change its suffix while text is typed before it', () => {
    const after = Array.from({ length: 40 }, (_, line) => `call(${line});`).join('\n');
    const of = (before: string): string => windowAround(before + after, before.length, size).suffix;
    expect(of('let x = 1')).toBe(of(`${'let y;\n'.repeat(90)}let x = 1234`));
  });
});
