/** Bundles: out of one machine's models into one archive, and into another machine's, honest ones and others. */

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { exportBundle } from '../../src/fetch/export-bundle.ts';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import { importBundle } from '../../src/fetch/import-bundle.ts';
import type { Catalog, FetchedModel } from '../../src/models/catalog.ts';
import { folderOfFile, root, temporaryFolder } from '../programs.ts';
import { torture, tried } from '../sizes.ts';
import { startHub } from './fake-hub.ts';
import { makeZip, type ZipEntry } from './make-zip.ts';
import { hashes, hubModel, inMemory, noise, type Place, place, visible } from './toy.ts';

const files = { 'model.gguf': noise(120_000, 'model'), 'onnx/tokenizer.json': noise(40_000, 'tokenizer') };
const model = hubModel(files);
const catalog: Catalog = { models: [model], mixes: [] };
const nothing: Catalog = { models: [], mixes: [] };

/** A bundle that a machine with the model made. */
async function exported(): Promise<string> {
  const here = place();
  const hub = await startHub(files);
  await fetchModel(model, { ...here, settings: { ...here.settings, hub: hub.address } });
  const archive = join(temporaryFolder(inMemory), 'models.zip');
  await exportBundle([model], archive, { folder: here.folder, replace: false });
  return archive;
}

const manifest = (...models: unknown[]): ZipEntry => ({
  name: 'chorus-bundle.json',
  bytes: Buffer.from(JSON.stringify({ bundle: 1, models })),
});
const entries = Object.entries(files).map(([path, bytes]) => ({ name: `models/toy/${path}`, bytes }));

function written(...all: readonly ZipEntry[]): string {
  const archive = join(temporaryFolder(inMemory), 'models.zip');
  writeFileSync(archive, makeZip(all));
  return archive;
}

/** Nothing has a name, and nothing lies outside the folder. */
function expectNothing({ cache, folder }: Place): void {
  expect(visible(folder)).toBeUndefined();
  if (existsSync(folder)) expect(readdirSync(folder).filter((name) => name !== '.fetching')).toEqual([]);
  expect(readdirSync(cache).filter((name) => name !== 'models')).toEqual([]);
}

describe('a bundle', () => {
  it('brings a model to a machine without any network, the same to the last bit', async () => {
    const archive = await exported();
    // Stored, not deflated.
    expect(statSync(archive).size).toBeGreaterThan(160_000);
    const here = place({ offline: true });
    const [imported] = await importBundle(archive, { ...here, catalog });
    expect(imported).toMatchObject({ folder: join(here.folder, 'toy'), known: true });
    expect(visible(here.folder)).toEqual(hashes(files));
    expect(existsSync(here.settings.ledger)).toBe(false);
    // It is what a fetch would have brought: nothing is asked for.
    expect(await fetchModel(model, here)).toBe(join(here.folder, 'toy'));
  });

  it('holds its files under plain names, and leaves no draft', async () => {
    const archive = await exported();
    expect(readdirSync(join(archive, '..'))).toEqual(['models.zip']);
    const bytes = readFileSync(archive);
    expect(bytes.includes(Buffer.from('models/toy/onnx/tokenizer.json'))).toBe(true);
  });

  it('is imported twice without harm, and marks what no catalogue knows', async () => {
    const archive = await exported();
    const here = place();
    const [first] = await importBundle(archive, { ...here, catalog: nothing });
    const [second] = await importBundle(archive, { ...here, catalog: nothing });
    expect([first?.known, second?.known]).toEqual([false, false]);
    expect(visible(here.folder)).toEqual(hashes(files));
  });

  it('is not made of a model that is not there, was changed, or over a file that is there', async () => {
    const here = place();
    const target = join(temporaryFolder(inMemory), 'x.zip');
    const options = { folder: here.folder, replace: false };
    await expect(exportBundle([model], target, options)).rejects.toThrow(
      /Toy is not on this machine.*chorus models fetch toy/,
    );
    await importBundle(await exported(), { ...here, catalog });
    const file = join(here.folder, 'toy', 'model.gguf');
    const bytes = readFileSync(file);
    bytes[70_000] = (bytes[70_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(exportBundle([model], target, options)).rejects.toThrow(/model\.gguf of Toy is not what/);
    expect(readdirSync(join(target, '..'))).toEqual([]);
    writeFileSync(target, 'mine');
    await expect(exportBundle([model], target, options)).rejects.toThrow(/is there already/);
    expect(readFileSync(target, 'utf8')).toBe('mine');
  });
});

describe('a bundle that is not what it says is refused, and leaves nothing', () => {
  const other = noise(120_000, 'other');
  const named = (path: string): unknown => {
    const [source] = model.sources;
    if (source?.kind !== 'hub') throw new Error('no hub');
    const [first, ...rest] = source.files;
    return { ...model, sources: [{ ...source, files: [{ ...first, path }, ...rest] }] };
  };
  const [whole, token] = entries as [ZipEntry, ZipEntry];

  it.each<[string, readonly ZipEntry[], Catalog, RegExp]>([
    ['bytes of another file', [manifest(model), { ...whole, bytes: other }, token], catalog, /SHA-256/],
    [
      'a manifest that lies about the hash, of a known model',
      [manifest(hubModel({ ...files, 'model.gguf': other })), { ...whole, bytes: other }, token],
      catalog,
      /not those that the catalogue has/,
    ],
    ['no manifest', [whole, token], catalog, /does not hold chorus-bundle\.json/],
    [
      'a manifest that is no JSON',
      [{ name: 'chorus-bundle.json', bytes: Buffer.from('{') }],
      catalog,
      /no JSON/,
    ],
    [
      'a manifest of another version',
      [{ name: 'chorus-bundle.json', bytes: Buffer.from('{"bundle":2,"models":[]}') }],
      catalog,
      /cannot be used/,
    ],
    ['a file that is missing', [manifest(model), whole], catalog, /does not hold models\/toy\/onnx/],
    ['a file twice', [manifest(model), whole, whole, token], catalog, /twice/],
    ['a model twice', [manifest(model, model), whole, token], catalog, /toy is there twice/],
    [
      'a file that unfolds to far more than it takes',
      [
        manifest(hubModel({ 'model.gguf': new Uint8Array(9_000_000) })),
        { ...whole, bytes: new Uint8Array(9_000_000), deflate: true },
      ],
      nothing,
      /unfolds from/,
    ],
    [
      'a file that is longer than it claims',
      [
        manifest(model),
        { ...whole, bytes: noise(500_000, 'long'), claimedSize: 120_000, deflate: true },
        token,
      ],
      catalog,
      /damaged/,
    ],
    ['a link', [manifest(model), { ...whole, mode: 0o120777 }, token], catalog, /no plain file/],
    [
      'a huge manifest',
      [{ name: 'chorus-bundle.json', bytes: new Uint8Array(3 << 20) }],
      catalog,
      /more than the/,
    ],
    [
      'an id that is embedded',
      [manifest({ ...model, id: 'pocket' })],
      { models: [{ ...model, kind: 'embedded', id: 'pocket' } as never], mixes: [] },
      /comes with Chorus/,
    ],
  ])('%s', async (_, all, known, message) => {
    const here = place();
    await expect(importBundle(written(...all), { ...here, catalog: known })).rejects.toThrow(message);
    expectNothing(here);
  });

  it.each([
    '..',
    '../x',
    '../../x',
    'a/../../x',
    'a/..',
    './x',
    '/x',
    '//host/share/x',
    '\\x',
    '..\\x',
    'C:x',
    'C:\\x',
    'c:/x',
    'x:stream',
    'a\0b',
    'a\nb',
    '~/x',
    '$HOME',
    'NUL',
    'con',
    'aux.txt',
    'COM1',
    'lpt¹.gguf',
    'x.',
    'x ',
    ' x',
    'a/',
    'a//b',
    '.hidden',
    '\u202e',
    '-x',
    'chorus.json',
    'FETCHED.json',
  ])('the path %j', async (path) => {
    const here = place();
    const archive = written(manifest(named(path)), { ...whole, name: `models/toy/${path}` }, token);
    await expect(importBundle(archive, { ...here, catalog: nothing })).rejects.toThrow();
    expectNothing(here);
  });

  it.each(['../up', '/up', 'a/b', 'NUL', '..', '.fetching'])('the id %j', async (id) => {
    const here = place();
    const archive = written(manifest({ ...model, id }), whole, token);
    await expect(importBundle(archive, { ...here, catalog: nothing })).rejects.toThrow();
    expectNothing(here);
  });

  it('and a link among the folders leads nowhere', async () => {
    const here = place();
    const outside = temporaryFolder(inMemory);
    mkdirSync(join(here.folder, '.fetching'), { recursive: true });
    symlinkSync(outside, join(here.folder, '.fetching', 'toy'), 'dir');
    await expect(importBundle(await exported(), { ...here, catalog })).rejects.toThrow(/by a link/);
    expect(visible(here.folder)).toBeUndefined();
    expect(existsSync(join(outside, 'model.gguf'))).toBe(false);
  });

  // The negative control of all of the above.
  it('but the same pieces put together honestly are taken', async () => {
    const here = place();
    await importBundle(written(manifest(model), whole, token), { ...here, catalog });
    expect(visible(here.folder)).toEqual(hashes(files));
  });
});

describe('an import that ends on the way', () => {
  const big = { 'a.gguf': noise(6_000_000, 'a'), 'b.gguf': noise(6_000_000, 'b') };
  const toy: FetchedModel = hubModel(big);
  const bundle = (): string =>
    written(
      manifest(toy),
      ...Object.entries(big).map(([path, bytes]) => ({ name: `models/toy/${path}`, bytes })),
    );

  it('by its signal leaves nothing visible, and the next one goes on with the files that are there', async () => {
    const here = place();
    const ending = new AbortController();
    const archive = bundle();
    const cut = importBundle(archive, {
      ...here,
      catalog: { models: [toy], mixes: [] },
      signal: ending.signal,
      onProgress: ({ kind }) => kind === 'bytes' && ending.abort(),
    });
    await expect(cut).rejects.toMatchObject({ failure: { code: 'cancelled' } });
    expect(visible(here.folder)).toBeUndefined();
    await importBundle(archive, { ...here, catalog: nothing });
    expect(visible(here.folder)).toEqual(hashes(big));
    expect(readdirSync(join(here.folder, '.fetching'))).toEqual(['.claims']);
  });

  it('by kill -9 at any moment does, too', torture, async () => {
    const program = join(folderOfFile(), 'child-bundle.cjs');
    const entry = join(root, 'test', 'fetch', 'child-bundle.ts');
    await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'cjs', outfile: program });
    const archive = bundle();
    let killed = 0;
    const moments = tried(4, 12);
    for (let moment = 0; moment < moments; moment++) {
      const here = place();
      const child = spawn(process.execPath, [program, archive, here.folder]);
      const ended = new Promise((resolve) => child.on('close', resolve));
      await new Promise<void>((resolve) => {
        child.stdout.once('data', () => resolve());
        child.once('close', () => resolve());
      });
      await sleep((moment * 48) / moments);
      if (child.kill('SIGKILL')) killed++;
      await ended;
      const found = visible(here.folder);
      if (found !== undefined) expect(found).toEqual(hashes(big));
      await importBundle(archive, { ...here, catalog: nothing });
      expect(visible(here.folder)).toEqual(hashes(big));
      expect(readdirSync(join(here.folder, '.fetching'))).toEqual(['.claims']);
    }
    expect(killed).toBeGreaterThan(moments / 3);
  });
});
