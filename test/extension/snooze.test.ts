import { describe, expect, it } from 'vitest';
import { createSnooze } from '../../src/extension/snooze.ts';

function bench() {
  let time = 1000;
  const ends: (() => void)[] = [];
  const snooze = createSnooze({
    now: () => time,
    pause: (ms, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve());
        ends.push(() => {
          time += ms;
          resolve();
        });
      }),
  });
  let changes = 0;
  snooze.onChange(() => changes++);
  const pass = async (which: number): Promise<void> => {
    ends[which]?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { snooze, pass, changes: () => changes };
}

describe('a snooze', () => {
  it('lasts as long as was said, and tells when it is over', async () => {
    const { snooze, pass, changes } = bench();
    expect(snooze.until()).toBeUndefined();
    snooze.start(5);
    expect(snooze.until()).toBe(301_000);
    await pass(0);
    expect(snooze.until()).toBeUndefined();
    expect(changes()).toBe(2);
  });

  it('lasts until the window is opened anew', () => {
    const { snooze } = bench();
    snooze.start('restart');
    expect(snooze.until()).toBe('restart');
    snooze.end();
    expect(snooze.until()).toBeUndefined();
  });

  it('is replaced by the next one, whose end counts', async () => {
    const { snooze, pass } = bench();
    snooze.start(5);
    snooze.start(60);
    await pass(0);
    expect(snooze.until()).toBe(3_601_000);
  });
});
