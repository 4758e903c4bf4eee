/** What bytes a token stands for: GPT-2's byte-level alphabet, or SentencePiece's with byte fallback. */

/** How a token came into the vocabulary. */
export type TokenKind = 'learned' | 'added' | 'special';

/** Chooses by the decoder of tokenizer.json. Special tokens are spelled as they stand. */
export function tokenBytes(decoder: unknown): (token: string, kind: TokenKind) => Uint8Array {
  return mentions(decoder, 'ByteLevel')
    ? (token, kind) => (kind === 'learned' ? byteLevel(token) : literal(token))
    : // Gemma has its runs of blanks as added tokens, in SentencePiece's spelling.
      (token, kind) => (kind === 'special' ? literal(token) : sentencePiece(token));
}

function literal(token: string): Uint8Array {
  return new TextEncoder().encode(token);
}

function mentions(decoder: unknown, type: string): boolean {
  if (typeof decoder !== 'object' || decoder === null) return false;
  if ('type' in decoder && decoder.type === type) return true;
  return (
    'decoders' in decoder &&
    Array.isArray(decoder.decoders) &&
    decoder.decoders.some((d) => mentions(d, type))
  );
}

/** GPT-2 writes each byte as a printable character: itself, or the next free one from U+0100 on. */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const printable = (b: number): boolean =>
    (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  const map = new Map<string, number>();
  let free = 0x100;
  for (let b = 0; b < 256; b++) map.set(String.fromCodePoint(printable(b) ? b : free++), b);
  return map;
})();

function byteLevel(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOfCharacter.get(character);
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function sentencePiece(token: string): Uint8Array {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  return new TextEncoder().encode(token.replaceAll('\u2581', ' '));
}
