import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteEncoder } from '../../src/runtime/byte-encoding.ts';
import { readTokenizer } from '../../src/runtime/tokenizer.ts';
import { pocket } from '../programs.ts';

const tokenizer = await readTokenizer(
  join(pocket('code'), 'tokenizer.json'),
  join(pocket('code'), 'tokenizer_config.json'),
);
const encode = byteEncoder(tokenizer);
const spelled = (ids: Iterable<number>): number[] => [...ids].flatMap((id) => [...tokenizer.bytes(id)]);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('cutting bytes into tokens', () => {
  it('is the tokenizer’s own cut of a whole text', () => {
    for (const text of ['', 'const a = 1;\n', '  return größe + 日本語;', ' 🙂 → ∑', 'if (x)\n    {'])
      expect([...encode(utf8(text))]).toEqual([...tokenizer.encode(text)]);
  });

  it('spells the bytes back, whatever they are and wherever they end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), fc.nat(3), (text, less) => {
        const bytes = utf8(text);
        const cut = bytes.subarray(0, Math.max(0, bytes.length - less));
        expect(spelled(encode(cut))).toEqual([...cut]);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        expect(spelled(encode(bytes))).toEqual([...bytes]);
      }),
      { numRuns: 200 },
    );
  });

  it('inside a character gives the tokens that the whole text begins with', () => {
    let joined = 0;
    for (const text of ['a 🙂', 'x → y', '日本語', 'größe ∑']) {
      const tokens = tokenizer.encode(text);
      for (let count = 1; count < tokens.length; count++) {
        const beginning = tokens.slice(0, count);
        const bytes = Uint8Array.from(spelled(beginning));
        expect([...encode(bytes)]).toEqual([...beginning]);
        if (((utf8(text)[bytes.length] ?? 0) & 0xc0) === 0x80) joined++;
      }
    }
    expect(joined).toBeGreaterThan(3);
  });

  it('spells a text that the tokenizer would rewrite (NFC) by its bytes', () => {
    const bytes = utf8('e\u0301');
    expect(tokenizer.encode('e\u0301')).toEqual(tokenizer.encode('\u00e9'));
    expect(spelled(encode(bytes))).toEqual([...bytes]);
  });
});
