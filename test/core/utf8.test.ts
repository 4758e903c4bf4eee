import { describe, expect, it } from 'vitest';
import { BYTE_SYMBOLS, END_OF_BYTES, utf8Guard } from '../../src/core/index.ts';

const utf8 = new TextDecoder();

function allowedAfter(bytes: readonly number[]): number[] {
  const guard = utf8Guard();
  for (const byte of bytes) guard.accept(byte);
  const ones = new Float64Array(BYTE_SYMBOLS).fill(1);
  guard.restrict(ones);
  return [...ones.entries()].flatMap(([symbol, p]) => (p > 0 ? [symbol] : []));
}

/** Whether some text begins with these bytes, by the platform's own decoder. */
function beginsText(bytes: readonly number[]): boolean {
  const tails = [
    [],
    ...[0x80, 0x90, 0xa0, 0xbf].flatMap((a) => [
      [a],
      ...[0x80].flatMap((b) => [
        [a, b],
        [a, b, 0x80],
      ]),
    ]),
  ];
  return tails.some((tail) => !utf8.decode(Uint8Array.from([...bytes, ...tail])).includes('\ufffd'));
}

describe('what may follow in UTF-8', () => {
  it('is exactly what the platform’s decoder can still make a text of', () => {
    const beginnings: number[][] = [[]];
    for (let byte = 0; byte < 256; byte++) if (beginsText([byte])) beginnings.push([byte]);
    for (const lead of [0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4])
      for (let byte = 0x80; byte < 0xc0; byte += 0x0f)
        if (beginsText([lead, byte])) beginnings.push([lead, byte]);
    beginnings.push([0xf0, 0x9f, 0x98], [0xe2, 0x86, 0x92], [0x41, 0xc3, 0xbc]);
    for (const beginning of beginnings) {
      const bytes = allowedAfter(beginning).filter((symbol) => symbol !== END_OF_BYTES);
      const expected = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) =>
        beginsText([...beginning, byte]),
      );
      expect(bytes, String(beginning)).toEqual(expected);
    }
  });

  it('is the end between characters only', () => {
    expect(allowedAfter([])).toContain(END_OF_BYTES);
    expect(allowedAfter([0xe2, 0x86, 0x92])).toContain(END_OF_BYTES);
    expect(allowedAfter([0xe2, 0x86])).not.toContain(END_OF_BYTES);
  });
});
