/** Uniform numbers that depend on what they are drawn for alone: merging one tensor before another changes neither. */

import { createHash } from 'node:crypto';

/** sfc32 (PractRand), seeded with a hash of `parts`; numbers in [0, 1) with 32 bits. */
export function randomFor(...parts: readonly (string | number)[]): () => number {
  const seed = createHash('sha256').update(JSON.stringify(parts)).digest();
  let a = seed.readUInt32LE(0);
  let b = seed.readUInt32LE(4);
  let c = seed.readUInt32LE(8);
  let counter = seed.readUInt32LE(12);
  return () => {
    const sum = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = ((c << 21) | (c >>> 11)) >>> 0;
    c = (c + sum) >>> 0;
    return sum / 2 ** 32;
  };
}
