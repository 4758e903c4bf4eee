import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conversionLock, type LockOptions } from '../../src/graph/conversion-lock.ts';
import { thisMachine } from '../../src/graph/drafts.ts';
import { temporaryFolder } from '../programs.ts';
import { deadProcess } from './processes.ts';

const always: LockOptions = { onWaiting: () => {}, wanted: async () => true };

function lockOf(process: number, machine = thisMachine): string {
  return JSON.stringify({ machine, process, progress: 0.5 });
}

describe('the lock of a conversion', () => {
  it('keeps a second one waiting, with the progress of the first, until it is released', async () => {
    const file = join(temporaryFolder(), 'model.lock');
    const first = await conversionLock(file, always);
    first?.tell(0.25);
    const seen: number[] = [];
    let isReleased = false;
    const second = conversionLock(file, { ...always, onWaiting: (progress) => seen.push(progress) }).then(
      (lock) => ({ lock, afterRelease: isReleased }),
    );
    while (!seen.includes(0.25)) await new Promise((resolve) => setTimeout(resolve, 20));
    isReleased = true;
    await first?.release();
    const { lock, afterRelease } = await second;
    expect(afterRelease).toBe(true);
    await lock?.release();
    expect(existsSync(file)).toBe(false);
  });

  it('is not waited for any longer than it is wanted', async () => {
    const file = join(temporaryFolder(), 'model.lock');
    const first = await conversionLock(file, always);
    let asked = 0;
    expect(await conversionLock(file, { ...always, wanted: async () => ++asked < 3 })).toBeUndefined();
    expect(existsSync(file)).toBe(true);
    await first?.release();
  });

  it.each<[string, (file: string) => void]>([
    ['whose process is gone', (file) => writeFileSync(file, lockOf(deadProcess()))],
    [
      'that nobody touched for long',
      (file) => {
        writeFileSync(file, lockOf(process.pid));
        utimesSync(file, new Date(), new Date(Date.now() - 61_000));
      },
    ],
  ])('is taken over from one %s', async (_, leave) => {
    const file = join(temporaryFolder(), 'model.lock');
    leave(file);
    const lock = await conversionLock(file, always);
    expect(JSON.parse(readFileSync(file, 'utf8')).process).toBe(process.pid);
    await lock?.release();
  });

  it.each([
    ['lives', () => lockOf(process.ppid)],
    ['is of another machine', () => lockOf(deadProcess(), '00000000')],
    ['is not written yet', () => ''],
  ])('is left to a process that %s', async (_, text) => {
    const file = join(temporaryFolder(), 'model.lock');
    writeFileSync(file, text());
    let asked = 0;
    expect(await conversionLock(file, { ...always, wanted: async () => ++asked < 3 })).toBeUndefined();
    expect(existsSync(file)).toBe(true);
  });

  it('is not removed by one that lost it', async () => {
    const file = join(temporaryFolder(), 'model.lock');
    const lost = await conversionLock(file, always);
    writeFileSync(file, lockOf(process.ppid));
    await lost?.release();
    expect(existsSync(file)).toBe(true);
  });
});
