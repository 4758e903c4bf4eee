import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identity } from '../../src/graph/content-hash.ts';
import type { DecodeGraph } from '../../src/graph/decode-graph.ts';
import { cachedGraph } from '../../src/graph/graph-cache.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { temporaryFolder } from '../programs.ts';

const shape = {
  layers: 1,
  windows: [null],
  experts: 1,
  kvHeads: 1,
  headDim: 2,
  queriesPerHead: 1,
  wantsPositions: true,
  vocabulary: 3,
};
const model = Uint8Array.of(1, 2, 3);

function place() {
  const folder = temporaryFolder();
  const source = join(folder, 'tensors');
  writeFileSync(source, 'tensors');
  let builds = 0;
  const ask = (
    change: {
      settings?: string;
      cacheFolder?: string;
      sources?: string[];
      build?: () => Promise<DecodeGraph>;
    } = {},
  ) =>
    cachedGraph({
      cacheFolder: join(folder, 'cache'),
      sources: [source],
      settings: 'q4',
      build: async (draft) => {
        builds++;
        writeFileSync(join(draft, 'weights.bin'), 'weights');
        return { model, shape };
      },
      ...change,
    });
  return {
    folder,
    source,
    ask,
    entries: () => readdirSync(join(folder, 'cache', 'graphs')),
    builds: () => builds,
  };
}

describe('the cache of built graphs', () => {
  it('builds once, and gives the same graph and weights after that', async () => {
    const { ask, builds, entries } = place();
    const first = await ask();
    const second = await ask();
    expect([first.built, second.built, builds()]).toEqual([true, false, 1]);
    expect(second.graph).toEqual({ model, shape });
    expect(readFileSync(join(second.folder, 'weights.bin'), 'utf8')).toBe('weights');
    expect(entries()).toHaveLength(1);
  });

  it('builds again for other tensors or other settings, and not for the same at another time or place', async () => {
    const { ask, builds, source, folder } = place();
    await ask();
    await ask({ settings: 'fp32' });
    writeFileSync(source, 'Tensors');
    await ask();
    expect(builds()).toBe(3);
    const { atime } = statSync(source);
    utimesSync(source, atime, new Date(1000));
    await ask();
    const moved = join(folder, 'moved');
    copyFileSync(source, moved);
    await ask({ sources: [moved] });
    expect(builds()).toBe(3);
  });

  it('tells tensors apart that differ behind the first mebibyte, though size and time are the same', async () => {
    const { ask, builds, source } = place();
    const time = new Date(1000);
    const write = (last: number): void => {
      const bytes = new Uint8Array(3 * 2 ** 20);
      bytes[bytes.length - 1] = last;
      writeFileSync(source, bytes);
      utimesSync(source, time, time);
    };
    write(1);
    await ask();
    write(2);
    await ask();
    expect(builds()).toBe(2);
    write(1);
    expect((await ask()).built).toBe(false);
  });

  it.each<[string, (folder: string) => void]>([
    ['a model that changed', (folder) => writeFileSync(join(folder, 'decoder.onnx'), 'abc')],
    ['weights with other bytes', (folder) => writeFileSync(join(folder, 'weights.bin'), 'Weights')],
    ['weights that were cut', (folder) => truncateSync(join(folder, 'weights.bin'), 3)],
    ['a record that is no JSON', (folder) => writeFileSync(join(folder, 'graph.json'), '{')],
    ['a record of nonsense', (folder) => writeFileSync(join(folder, 'graph.json'), '{"shape": 1}')],
  ])('builds %s anew', async (_, damage) => {
    const { ask, builds, entries } = place();
    damage((await ask()).folder);
    const again = await ask();
    expect([again.built, builds()]).toEqual([true, 2]);
    expect((await ask()).built).toBe(false);
    expect(entries()).toHaveLength(1);
  });

  it('compares weights with their hash once after the machine started', async () => {
    const { ask, builds } = place();
    const { folder } = await ask();
    const check = join(folder, 'checked.json');
    writeFileSync(join(folder, 'weights.bin'), 'Weights');
    // What bits that turn on the disk leave as it was: size, times, and that all was well.
    const { name } = await identity(join(folder, 'weights.bin'));
    const note = (at: number): void => writeFileSync(check, JSON.stringify({ identity: name, at }));
    note(Date.now());
    // Looked at since the start: not again (the negative control).
    expect((await ask()).built).toBe(false);
    note(0);
    expect((await ask()).built).toBe(true);
    expect(builds()).toBe(2);
    writeFileSync(check, 'nonsense');
    expect((await ask()).built).toBe(false);
    expect(JSON.parse(readFileSync(check, 'utf8')).at).toBeGreaterThan(Date.now() - 60_000);
  });

  it('serves two that ask at once, and leaves one entry', async () => {
    const { ask, entries } = place();
    const both = await Promise.all([ask(), ask(), ask()]);
    for (const { folder, graph } of both) {
      expect(graph.shape).toEqual(shape);
      expect(readFileSync(join(folder, 'weights.bin'), 'utf8')).toBe('weights');
    }
    expect(entries()).toHaveLength(1);
  });

  it('leaves nothing behind where building fails, and says why', async () => {
    const { ask, entries, builds } = place();
    const wrong = new ChorusError('unsupported', 'no such family');
    await expect(ask({ build: () => Promise.reject(wrong) })).rejects.toBe(wrong);
    expect(entries()).toEqual([]);
    await ask();
    expect(builds()).toBe(1);
  });

  it('names the folder where it cannot write', async () => {
    const { ask, folder } = place();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(ask({ cacheFolder: file })).rejects.toThrow(/cannot be kept in/);
    mkdirSync(join(folder, 'other'));
    expect((await ask({ cacheFolder: join(folder, 'other') })).built).toBe(true);
  });
});
