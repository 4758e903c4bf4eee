import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsAtOnce } from '../../src/models/memory.ts';
import { createPace } from '../../src/runtime/pace.ts';
import { createShortLived } from '../../src/runtime/short-lived.ts';
import { CHUNK } from '../../src/runtime/worker-messages.ts';

/** What the run of `most` tokens takes on a machine of so many milliseconds a token, again and again. */
function settled(msPerToken: number): number {
  const pace = createPace();
  for (let run = 0; run < 10; run++) pace.ran(pace.most(), pace.most() * msPerToken);
  return pace.most();
}

describe('the pace of reading', () => {
  it('keeps runs within 50 ms, whole blocks where the machine allows', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 50 / 24, noNaN: true }), (msPerToken) => {
        expect(settled(msPerToken) * msPerToken).toBeLessThanOrEqual(50 * (1 + 1e-9));
      }),
    );
    expect(settled(0.1)).toBe(CHUNK);
    expect(settled(1.3)).toBe(32);
    // However slow: fewer at once would only make it slower.
    expect(settled(50)).toBe(24);
  });

  it('shrinks at once and grows step by step, and learns nothing from single tokens', () => {
    const pace = createPace();
    expect(pace.most()).toBe(24);
    pace.ran(24, 1);
    expect(pace.most()).toBe(48);
    pace.ran(48, 1);
    expect(pace.most()).toBe(64);
    pace.ran(1, 1000);
    expect(pace.most()).toBe(64);
    pace.ran(64, 90);
    expect(pace.most()).toBe(32);
  });
});

describe('rows at once', () => {
  it('are bounded by what they take, and divide a block', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1_000_000 }), (vocabulary) => {
        const rows = rowsAtOnce(vocabulary);
        expect(CHUNK % rows).toBe(0);
        expect(rows).toBeGreaterThanOrEqual(16);
        if (rows > 16) expect(4 * rows * vocabulary).toBeLessThanOrEqual(8 * 2 ** 20);
      }),
    );
    expect([4096, 49_152, 151_936].map(rowsAtOnce)).toEqual([64, 32, 16]);
  });
});

describe('short-lived arrays', () => {
  it('are looked for once there are 16 MB of them, and again after as many more', () => {
    let looked = 0;
    const shortLived = createShortLived(() => {
      looked++;
    });
    for (let i = 0; i < 15; i++) shortLived.made(1e6);
    expect(looked).toBe(0);
    shortLived.made(1e6);
    expect(looked).toBe(1);
    for (let i = 0; i < 16; i++) shortLived.made(1e6);
    expect(looked).toBe(2);
  });

  it('are gone then, by what V8 itself says', () => {
    const before = process.memoryUsage().arrayBuffers;
    const shortLived = createShortLived();
    for (let i = 0; i < 40; i++) {
      new Float32Array(1e6 / 4).fill(1);
      shortLived.made(1e6);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });
});
