/** Cuts bytes into tokens as a text that begins with them would be cut, also where they end inside a character. */

import type { ByteVocabulary } from '../core/byte-vocabulary.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The tokenizer's own cut where its tokens spell the bytes back. Of a character that is not whole yet, texts that complete it in
 * one way or another are cut instead, and the tokens up to the last byte taken. Where that fails, bytes are spelled one by one.
 */
export function byteEncoder(
  tokenizer: Pick<Tokenizer, 'encode' | 'bytes' | 'size' | 'specialIds'>,
): ByteVocabulary['encode'] {
  const single = singleBytes(tokenizer);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const spell = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => single.get(byte) ?? []);

  /** The first tokens of `text` that spell exactly `bytes`; undefined where no token ends there. */
  const cut = (text: string, bytes: Uint8Array): number[] | undefined => {
    const tokens: number[] = [];
    let at = 0;
    for (const token of tokenizer.encode(text)) {
      if (at === bytes.length) break;
      for (const byte of tokenizer.bytes(token)) if (byte !== bytes[at++]) return undefined;
      tokens.push(token);
    }
    return at === bytes.length ? tokens : undefined;
  };

  /** Of a text that the tokenizer rewrites, its bytes; of one with bytes that no token spells, what it makes of it. */
  const cutWhole = (text: string, bytes: Uint8Array): readonly number[] =>
    cut(text, bytes) ?? (bytes.every((byte) => single.has(byte)) ? spell(bytes) : tokenizer.encode(text));

  return (bytes) => {
    const open = openCharacter(bytes);
    const head = bytes.subarray(0, bytes.length - open.length);
    let text: string;
    try {
      text = utf8.decode(head);
    } catch {
      return Int32Array.from(spell(bytes));
    }
    if (open.length === 0) return Int32Array.from(cutWhole(text, bytes));
    for (const character of completions(open)) {
      const tokens = cut(text + character, bytes);
      if (tokens !== undefined) return Int32Array.from(tokens);
    }
    return Int32Array.from([...cutWhole(text, head), ...spell(open)]);
  };
}

/** The tokens that are one byte, by that. */
function singleBytes({
  size,
  bytes,
  specialIds,
}: Pick<Tokenizer, 'bytes' | 'size' | 'specialIds'>): ReadonlyMap<number, number> {
  const single = new Map<number, number>();
  for (let id = size - 1; id >= 0; id--) {
    const [byte, ...more] = bytes(id);
    if (byte !== undefined && more.length === 0 && !specialIds.has(id)) single.set(byte, id);
  }
  return single;
}

/** The bytes at the end that begin a character and do not finish it. */
function openCharacter(bytes: Uint8Array): Uint8Array {
  const end = bytes.length;
  for (let back = 1; back <= Math.min(3, end); back++) {
    const byte = bytes[end - back] as number;
    if ((byte & 0xc0) !== 0x80) return bytes.subarray(back < characterLength(byte) ? end - back : end);
  }
  return bytes.subarray(end);
}

function characterLength(lead: number): number {
  return lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Characters whose first bytes are these, from all over those that begin so. */
function* completions(open: Uint8Array): Generator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const whole = new Uint8Array(characterLength(open[0] as number));
  for (const filling of [0x80, 0x90, 0xa0, 0xb0, 0xbf]) {
    whole.fill(filling);
    whole.set(open);
    try {
      yield utf8.decode(whole);
    } catch {
      // Overlong, a surrogate, or beyond Unicode.
    }
  }
}
