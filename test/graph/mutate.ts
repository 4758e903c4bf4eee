/** Damages bytes in the ways that readers trip over; the same seed gives the same damage. */

import { Buffer } from 'node:buffer';

/** mulberry32: uniform in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lengths, counts and offsets at the edges of what the types hold. */
const extremes = [
  0n,
  1n,
  2n ** 31n - 1n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 61n,
  2n ** 62n + 1n,
  2n ** 63n,
  2n ** 64n - 1n,
] as const;

/** Pieces of JSON where others were. */
const pieces = [
  '[',
  '{',
  '"',
  '}',
  ']',
  '-1',
  '1e999',
  '9007199254740993',
  'null',
  'true',
  '""',
  ',',
  '{}',
  '[[',
  '\\u0000',
];

/** `count` damaged copies of `original`. */
export function* damaged(
  original: Buffer,
  { seed, count }: { seed: number; count: number },
): Generator<Buffer> {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let i = 0; i < count; i++) {
    let bytes = Buffer.from(original);
    for (let times = 1 + below(3); times > 0 && bytes.length > 8; times--) bytes = damageOnce(bytes, below);
    yield bytes;
  }
}

function damageOnce(bytes: Buffer<ArrayBuffer>, below: (limit: number) => number): Buffer<ArrayBuffer> {
  const at = below(bytes.length);
  const rest = bytes.length - at;
  switch (below(8)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << below(8));
      return bytes;
    case 1:
      bytes[at] = below(256);
      return bytes;
    case 2: {
      const extreme = extremes[below(extremes.length)] as bigint;
      bytes.writeBigUInt64LE(extreme, Math.min(at, bytes.length - 8));
      return bytes;
    }
    case 3: {
      const extreme = Number((extremes[below(extremes.length)] as bigint) & 0xffffffffn);
      bytes.writeUInt32LE(extreme, Math.min(at, bytes.length - 4));
      return bytes;
    }
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.min(rest, 1 + below(16)))]);
    case 5: {
      const from = below(bytes.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(from, from + 1 + below(32)),
        bytes.subarray(at),
      ]);
    }
    case 6: {
      const piece = Buffer.from(pieces[below(pieces.length)] as string);
      return Buffer.concat([
        bytes.subarray(0, at),
        piece,
        bytes.subarray(at + Math.min(rest, below(3) * piece.length)),
      ]);
    }
    default: {
      // A digit of a number in JSON, or any byte near it, counted up.
      bytes[at] = ((bytes[at] as number) + 1) & 255;
      return bytes;
    }
  }
}
