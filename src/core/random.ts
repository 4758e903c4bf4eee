/** Seeded pseudo-random numbers: xoshiro128** (Blackman and Vigna 2021), seeded by splitmix32. */

/** Returns a source of float64 numbers in [0, 1) with 53 random bits; the same seed gives the same numbers. */
export function seededRandom(seed: number): () => number {
  let mix = (Math.trunc(seed) ^ (Math.trunc(seed / 0x1_0000_0000) * 0x9e3779b9)) | 0;
  const split = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = split();
  let b = split();
  let c = split();
  let d = split();
  const next = (): number => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
}
