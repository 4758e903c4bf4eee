import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKvBuffers } from '../../src/runtime/kv-buffers.ts';
import { createKvCache } from '../../src/runtime/kv-cache.ts';

const shape = {
  layers: 2,
  windows: [null, null],
  experts: 1,
  kvHeads: 2,
  headDim: 3,
  queriesPerHead: 1,
  wantsPositions: true,
  vocabulary: 10,
};
const width = 6;
/** What the graph would give for a token: a number that tells token, layer and part. */
const rowsOf = (tokens: readonly number[]): Float32Array =>
  Float32Array.from({ length: tokens.length * 4 * width }, (_, i) => {
    const token = tokens[Math.floor(i / (4 * width))] ?? 0;
    return token * 100 + (i % (4 * width));
  });
const memory = () => createKvBuffers(shape, 2000);

function held(buffers: ReturnType<typeof memory>): number[] {
  const first = buffers.rows(0, 0, { from: 0, to: buffers.length });
  return Array.from({ length: buffers.length }, (_, token) => (first[token * width] ?? 0) / 100);
}

describe('the buffers of keys and values', () => {
  it('hold what was appended last at every place, whatever was taken back or split off', () => {
    const step = fc.oneof(
      fc.record({ append: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 300 }) }),
      fc.record({ keep: fc.double({ min: 0, max: 1, noNaN: true }), fork: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let buffers = memory();
        let expected: number[] = [];
        for (const change of steps) {
          if ('append' in change) {
            buffers.append(rowsOf(change.append), change.append.length);
            expected = [...expected, ...change.append];
          } else {
            const kept = Math.floor(change.keep * expected.length);
            expected = expected.slice(0, kept);
            if (change.fork) buffers = buffers.fork(kept);
            else buffers.truncate(kept);
          }
          expect(held(buffers)).toEqual(expected);
        }
        const last = buffers.rows(1, 1, { from: 0, to: buffers.length });
        expect(Array.from({ length: expected.length }, (_, i) => last[i * width])).toEqual(
          expected.map((token) => token * 100 + 3 * width),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('do not share what is appended after a fork', () => {
    const one = memory();
    one.append(rowsOf([1, 2, 3]), 3);
    const other = one.fork(2);
    other.append(rowsOf([9]), 1);
    expect(held(one)).toEqual([1, 2, 3]);
    expect(held(other)).toEqual([1, 2, 9]);
  });
});

describe('the contexts that are remembered', () => {
  const context = (first: number, length: number): Int32Array =>
    Int32Array.from({ length }, (_, i) => first + i);
  const remember = (cache: ReturnType<typeof cacheOf>, tokens: Int32Array): void => {
    const { entry, shared } = cache.best(tokens);
    const used = cache.rewind(entry, shared);
    used.memory.append(rowsOf([...tokens.slice(shared)]), tokens.length - shared);
    used.tokens = tokens;
    used.logProbs = [new Float64Array(tokens.length)];
    cache.trim();
  };
  const cacheOf = (contexts: number, bytes: number) => createKvCache(memory, { experts: 1, contexts, bytes });
  const shares = (cache: ReturnType<typeof cacheOf>, tokens: Int32Array): number => cache.best(tokens).shared;

  it('are as many as fit, and the one used longest ago goes first', () => {
    const one = memory();
    one.append(rowsOf([1]), 1);
    const cache = cacheOf(8, 2 * one.bytes);
    for (const first of [1000, 2000]) remember(cache, context(first, 10));
    expect(shares(cache, context(1000, 10))).toBe(10);
    remember(cache, context(1000, 11));
    remember(cache, context(3000, 10));
    expect(cache.bytes()).toBeLessThanOrEqual(2 * one.bytes);
    expect(shares(cache, context(1000, 11))).toBe(11);
    expect(shares(cache, context(2000, 10))).toBe(0);
  });

  it('are at most so many, and the one in use stays whatever it takes', () => {
    const cache = cacheOf(2, 1);
    remember(cache, context(1000, 400));
    expect(shares(cache, context(1000, 400))).toBe(400);
    const many = cacheOf(2, 1e9);
    for (const first of [1000, 2000, 3000]) remember(many, context(first, 10));
    expect(shares(many, context(1000, 10))).toBe(0);
    expect(shares(many, context(2000, 10))).toBe(10);
  });

  it('stand side by side where they only begin alike, and replace each other where one is the other edited', () => {
    const cache = cacheOf(8, 1e9);
    const text = context(1000, 100);
    remember(cache, text);
    remember(cache, Int32Array.from([...text.slice(0, 20), 7, 8]));
    expect(shares(cache, text)).toBe(100);
    remember(cache, Int32Array.from([...text.slice(0, 90), 7, 8]));
    expect(shares(cache, text)).toBe(90);
  });
});
