import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { takeClaim } from '../../src/models/claim.ts';
import { inMemory } from '../fetch/toy.ts';
import { temporaryFolder } from '../programs.ts';

const timing = { look: 4, touch: 10, quiet: 60 };

/** A claim as this process makes it, changed. */
async function planted(folder: string, change: object): Promise<string> {
  const claim = await takeClaim(folder, 'model');
  const [name = ''] = readdirSync(folder);
  const owner = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  await claim.release();
  const file = join(folder, 'model.planted.claim');
  writeFileSync(file, JSON.stringify({ ...owner, ...change }));
  return file;
}

describe('a claim', () => {
  it('is never held by two at once, however many ask', async () => {
    const folder = temporaryFolder(inMemory);
    let [holding, most, turns] = [0, 0, 0];
    const one = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        const claim = await takeClaim(folder, 'model', { timing });
        most = Math.max(most, ++holding);
        await sleep(Math.random() * 3);
        holding--;
        turns++;
        await claim.release();
      }
    };
    await Promise.all(Array.from({ length: 6 }, one));
    expect([most, turns]).toEqual([1, 30]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('on one thing leaves other things alone, also one whose name begins alike', async () => {
    const folder = temporaryFolder(inMemory);
    const claims = [
      await takeClaim(folder, 'model', { timing }),
      await takeClaim(folder, 'model-2', { timing }),
      await takeClaim(folder, 'mod', { timing }),
    ];
    expect(readdirSync(folder)).toHaveLength(3);
    await Promise.all(claims.map((claim) => claim.release()));
  });

  it('of a process that is no more is taken over at once', async () => {
    const folder = temporaryFolder(inMemory);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await planted(folder, { pid });
    let waited = false;
    const onWaiting = (): void => {
      waited = true;
    };
    await (await takeClaim(folder, 'model', { onWaiting })).release();
    expect(waited).toBe(false);
  });

  // The start of a process is known on Linux alone.
  it.runIf(process.platform === 'linux')(
    'of a process whose number another one has is taken over at once',
    async () => {
      const folder = temporaryFolder(inMemory);
      await planted(folder, { started: '1' });
      await (await takeClaim(folder, 'model', { signal: AbortSignal.timeout(5_000) })).release();
    },
  );

  it('that was being written when its owner was killed holds nobody up, and is cleared away', async () => {
    const folder = temporaryFolder(inMemory);
    // A whole one that says nothing of its owner is waited for, as before.
    const began = performance.now();
    writeFileSync(join(folder, 'model.unknown.claim'), '');
    await (await takeClaim(folder, 'model', { timing })).release();
    expect(performance.now() - began).toBeGreaterThan(timing.quiet / 2);
    writeFileSync(join(folder, 'model.unfinished.claim.draft'), '');
    let waited = false;
    const onWaiting = (): void => {
      waited = true;
    };
    const claim = await takeClaim(folder, 'model', { timing: { ...timing, quiet: 1e9 }, onWaiting });
    expect([waited, readdirSync(folder).length]).toEqual([false, 1]);
    await claim.release();
  });

  it('of a process that lives is waited for, however old it is', async () => {
    const folder = temporaryFolder(inMemory);
    const file = await planted(folder, {});
    utimesSync(file, 0, 0);
    let waited = 0;
    const onWaiting = (): void => void waited++;
    const taking = takeClaim(folder, 'model', { timing: { look: 2, touch: 10, quiet: 1e9 }, onWaiting });
    await sleep(60);
    expect([waited, readdirSync(folder)]).toEqual([1, ['model.planted.claim']]);
    rmSync(file);
    await (await taking).release();
  });

  it.each([
    ['of another machine', { place: 'elsewhere' }],
    ['that says nothing', undefined],
  ])('%s is waited for while it is touched, and taken over when it is not', async (_name, change) => {
    const folder = temporaryFolder(inMemory);
    const file = await planted(folder, change ?? {});
    if (change === undefined) writeFileSync(file, '');
    const touching = setInterval(() => utimesSync(file, new Date(), new Date()), 5);
    const taking = takeClaim(folder, 'model', { timing });
    const early = await Promise.race([taking, sleep(200)]);
    clearInterval(touching);
    expect(early).toBeUndefined();
    await (await taking).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('tells its holder when it was cleared away', async () => {
    const folder = temporaryFolder(inMemory);
    const claim = await takeClaim(folder, 'model', { timing });
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await new Promise((resolve) => claim.lost.addEventListener('abort', resolve));
    expect(claim.lost.reason).toMatchObject({ failure: { code: 'fetch-failed' } });
    await claim.release();
  });

  it('is waited for no longer when the signal aborts', async () => {
    const folder = temporaryFolder(inMemory);
    const held = await takeClaim(folder, 'model', { timing });
    const signal = AbortSignal.timeout(30);
    await expect(takeClaim(folder, 'model', { timing, signal })).rejects.toThrow();
    expect(readdirSync(folder)).toHaveLength(1);
    await held.release();
    expect(hostname()).not.toBe('elsewhere');
  });
});
