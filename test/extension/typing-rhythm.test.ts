import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTypingRhythm, pauseFor } from '../../src/extension/typing-rhythm.ts';

const intervals = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 });
const givenUp = fc.array(fc.boolean(), { maxLength: 20 });
const setting = fc.integer({ min: 0, max: 2000 });

describe('the pause before a request', () => {
  it('is what is set until something is known', () => {
    expect(pauseFor({ intervals: [], givenUp: [] }, 150)).toBe(150);
    expect(pauseFor({ intervals: [4000], givenUp: [true] }, 150)).toBe(150);
  });

  it('is short while requests are answered and long while they are given up', () => {
    const typing = { intervals: [120, 120, 120] };
    expect(pauseFor({ ...typing, givenUp: [false, false] }, 300)).toBe(60);
    expect(pauseFor({ ...typing, givenUp: [true, false] }, 300)).toBe(120);
    expect(pauseFor({ ...typing, givenUp: [true, true] }, 300)).toBe(180);
  });

  it('never leaves its bounds', () => {
    fc.assert(
      fc.property(intervals, givenUp, setting, (intervals, givenUp, setting) => {
        const ms = pauseFor({ intervals, givenUp }, setting);
        expect(ms).toBeGreaterThanOrEqual(Math.min(50, setting));
        expect(ms).toBeLessThanOrEqual(setting);
      }),
    );
  });

  it('is no shorter for slower typing, nor for more requests in vain', () => {
    fc.assert(
      fc.property(intervals, givenUp, setting, (intervals, givenUp, setting) => {
        const ms = pauseFor({ intervals, givenUp }, setting);
        const slower = intervals.map((interval) => Math.min(1000, 2 * interval));
        if (intervals.every((interval) => interval <= 1000))
          expect(pauseFor({ intervals: slower, givenUp }, setting)).toBeGreaterThanOrEqual(ms);
        const all = givenUp.map(() => true);
        expect(pauseFor({ intervals, givenUp: all }, setting)).toBeGreaterThanOrEqual(ms);
      }),
    );
  });

  it('follows the newest keys', () => {
    const rhythm = createTypingRhythm();
    for (let key = 0; key < 40; key++) rhythm.pressed(400 * key);
    for (let key = 0; key < 40; key++) rhythm.ended('answered');
    expect(rhythm.pause(1000)).toBe(200);
    for (let key = 0; key < 40; key++) rhythm.pressed(400 * 39 + 150 * (key + 1));
    expect(rhythm.pause(1000)).toBe(75);
    for (let key = 0; key < 40; key++) rhythm.ended('given-up');
    expect(rhythm.pause(1000)).toBe(225);
  });
});
