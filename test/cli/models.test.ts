/** `chorus models` against a hub of the test's own. */

import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { manageModels } from '../../src/cli/models.ts';
import { modelFolder } from '../../src/cli/request.ts';
import type { Catalog } from '../../src/models/catalog.ts';
import { slowly, startHub, well } from '../fetch/fake-hub.ts';
import { hubModel, inMemory, noise, visible } from '../fetch/toy.ts';
import { pocket, programs, temporaryFolder } from '../programs.ts';

const files = { 'toy.gguf': noise(50_000, 'cli') };
const model = hubModel(files);

function collect() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

/** `others` are in its catalogue too. */
function machine(others: Catalog['models'] = [model]) {
  const models = temporaryFolder();
  const cache = temporaryFolder(inMemory);
  const { id: _, kind: __, sources: ___, completion: ____, ...common } = model;
  const embedded = { ...common, kind: 'embedded' as const, id: 'pocket/one' };
  const catalog: Catalog = { models: [embedded, ...others], mixes: [] };
  writeFileSync(join(models, 'catalog.json'), JSON.stringify(catalog));
  return {
    cache,
    folder: join(cache, 'models'),
    embedded: join(models, 'pocket', 'one'),
    async run(
      args: readonly string[],
      environment: Readonly<Record<string, string>> = {},
      signal = new AbortController().signal,
    ) {
      const [output, notes] = [collect(), collect()];
      const code = await manageModels(args, {
        models,
        programs,
        environment: { CHORUS_CACHE: cache, ...environment },
        output: output.stream,
        notes: notes.stream,
        signal,
      });
      return { code, out: output.text(), err: notes.text() };
    },
  };
}

describe('chorus models', () => {
  it('lists what there is, where it is, and how to get the rest', async () => {
    const { run, embedded } = machine();
    const { code, out } = await run([]);
    expect(code).toBe(0);
    expect(out).toMatch(/^model +size +context +can +licence +state\n/);
    expect(out).toContain(embedded);
    expect(out).toMatch(/toy +0\.1 MB +1024 +chat +Apache-2\.0 +not here: chorus models fetch toy\n/);
    expect(out).toMatch(
      /toy: Made for a test\.\n {2}0\.1 MB from the hub's repository toys\/toy; about 0\.3 GB of memory; Apache-2\.0 \(https:/,
    );
  });

  it('fetches one, says where it is on standard output, and lists it as there', async () => {
    const { run, folder } = machine();
    const hub = await startHub(files);
    const fetched = await run(['fetch', 'toy', '--hub', hub.address]);
    expect([fetched.code, fetched.out]).toEqual([0, `${join(folder, 'toy')}\n`]);
    expect(fetched.err).toMatch(/licence Apache-2\.0.*\n.*Fetching 0\.1 MB.*\n +100 % /s);
    const { lines } = { lines: (await run(['list', '--json'])).out.trim().split('\n') };
    expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({
      id: 'toy',
      folder: join(folder, 'toy'),
    });
    const again = await run(['fetch', 'toy', '--hub', hub.address]);
    expect([again.code, again.out, again.err]).toEqual([0, fetched.out, '']);
    expect(hub.asked).toHaveLength(1);
  });

  it('fetches one that a request then names by its id', async () => {
    const { run, folder, cache } = machine();
    vi.stubEnv('CHORUS_CACHE', cache);
    onTestFinished(() => void vi.unstubAllEnvs());
    const hub = await startHub(files);
    expect(modelFolder('toy', cache)).toBe(resolve('toy'));
    await run(['fetch', 'toy', '--hub', hub.address]);
    expect(modelFolder('toy', cache)).toBe(join(folder, 'toy'));
    // What lies where the command was given goes first, and no id leads out of the folder of models.
    expect(modelFolder('src', cache)).toBe(resolve('src'));
    expect(modelFolder('../models/toy', cache)).toBe(resolve('../models/toy'));
  });

  it('removes one, with what an unfinished fetch left', async () => {
    const { run, folder } = machine();
    const hub = await startHub(files);
    await run(['fetch', 'toy', '--hub', hub.address]);
    mkdirSync(join(folder, '.fetching', 'toy'));
    expect(await run(['remove', 'toy'])).toMatchObject({ code: 0, err: 'Toy is removed.\n' });
    expect([visible(folder), existsSync(join(folder, '.fetching', 'toy'))]).toEqual([undefined, false]);
    expect(await run(['remove', 'toy'])).toMatchObject({ code: 0, err: 'Toy was not there.\n' });
  });

  it('imports one that is there, and says what to name; what it refuses it says', async () => {
    const { run } = machine();
    const place = temporaryFolder();
    const folder = join(place, 'code');
    cpSync(pocket('code'), folder, { recursive: true });
    const imported = await run(['import', join(folder, 'config.json')]);
    expect([imported.code, imported.out]).toEqual([0, `${folder}\n`]);
    expect(imported.err).toContain('its files stay where they are');
    writeFileSync(join(folder, 'tokenizer.json'), '');
    expect(await run(['import', folder])).toMatchObject({ code: 1, out: '' });
    writeFileSync(join(place, 'a.bin'), '');
    expect(await run(['import', join(place, 'a.bin')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('can hold programs'),
    });
    cpSync(pocket('math'), join(place, 'math'), { recursive: true });
    const several = await run(['import', place]);
    expect(several.code).toBe(2);
    expect(several.err).toContain(`holds 2 models. Name one of them: ${folder}`);
  });

  it.each([
    [['import'], {}, 2, /say which folder or file/],
    [['import', 'a', 'b'], {}, 2, /one path at a time/],
    [['import', '/nowhere/at/all'], {}, 1, /is not there/],
    [['fetch', 'toy', '--offline'], {}, 1, /settings forbid connections/],
    [['fetch', 'toy'], { CHORUS_OFFLINE: '1' }, 1, /settings forbid connections/],
    [
      ['fetch', 'toy'],
      { CHORUS_HUB: 'http://127.0.0.1:9' },
      1,
      /refuses connections.*\nToy could not be fetched\.\n$/s,
    ],
    [['fetch', 'toy', '--hub', 'not an address'], {}, 1, /not an address such as https/],
    [['fetch', 'toy', '--hub', 'https://me:secret@hub.example'], {}, 1, /without a user's name/],
    [['fetch'], {}, 2, /say which model: toy/],
    [['fetch', 'other'], {}, 2, /there is no model 'other'; there are toy/],
    [['fetch', 'pocket/one'], {}, 2, /comes with Chorus/],
    [['fetch', 'toy', 'toy'], {}, 2, /one model at a time/],
    [['remove', 'pocket/one'], {}, 2, /comes with Chorus/],
    [['list', 'toy'], {}, 2, /list takes no/],
    [['steal'], {}, 2, /there is no 'steal'/],
    [['--nothing'], {}, 2, /--nothing/],
  ])('%j with %j ends with %i and a sentence', async (args, environment, code, message) => {
    const hub = await startHub(files);
    const { run, folder } = machine();
    const ran = await run(args, { CHORUS_HUB: hub.address, ...environment });
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.err).toMatch(message);
    expect([hub.asked, visible(folder)]).toEqual([[], undefined]);
  });
});

describe('chorus models, without a network', () => {
  it('exports what is there into one file, and imports it on another machine', async () => {
    const one = machine();
    const hub = await startHub(files);
    const bundle = join(temporaryFolder(), 'toys.zip');
    expect(await one.run(['export', 'toy', bundle])).toMatchObject({
      code: 1,
      err: expect.stringContaining('Toy is not on this machine'),
    });
    await one.run(['fetch', 'toy', '--hub', hub.address]);
    expect(await one.run(['export', 'toy', 'toy', bundle])).toMatchObject({ code: 0, out: `${bundle}\n` });
    const other = machine();
    const imported = await other.run(['import-bundle', bundle, '--offline']);
    expect(imported).toMatchObject({ code: 0, out: `${join(other.folder, 'toy')}\n` });
    expect(imported.err).toContain('licence Apache-2.0');
    expect(visible(other.folder)).toEqual(visible(one.folder));
    expect(await other.run(['connections'])).toMatchObject({
      out: '',
      err: 'No connection was ever made.\n',
    });
  });

  it('lists and removes what came by a bundle and the catalogue does not know', async () => {
    const one = machine();
    const hub = await startHub(files);
    const bundle = join(temporaryFolder(), 'toys.zip');
    await one.run(['fetch', 'toy', '--hub', hub.address]);
    await one.run(['export', 'toy', bundle]);
    const other = machine([]);
    expect((await other.run(['remove', 'toy'])).code).toBe(2);
    expect((await other.run(['import-bundle', bundle])).err).toContain('The catalogue does not know toy');
    const place = join(other.folder, 'toy');
    expect((await other.run([])).out).toMatch(new RegExp(`^toy +${place}$`, 'm'));
    const rows = (await other.run(['list', '--json'])).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.at(-1)).toMatchObject({ id: 'toy', folder: place, licence: null, bytes: null });
    // Only what can be done with it names it.
    expect((await other.run(['remove', 'tyo'])).err).toContain("there is no model 'tyo'; there are toy.");
    expect((await other.run(['fetch', 'tyo'])).err).not.toContain('there are toy');
    expect(await other.run(['remove', 'toy'])).toMatchObject({ code: 0, err: 'toy is removed.\n' });
    expect(existsSync(place)).toBe(false);
    expect((await other.run([])).out).not.toContain('toy');
  });

  it.each([
    [['export'], 'say which models to export'],
    [['export', 'file.zip'], 'say which models to export'],
    [['export', 'other', 'file.zip'], "there is no model 'other'"],
    [['import-bundle'], 'say which one bundle'],
    [['connections', 'x'], "connections takes no 'x'"],
  ])('%j is not understood', async (args, said) => {
    const { code, err } = await machine().run(args);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  it('lists every connection, as lines or as JSON', async () => {
    const { run } = machine();
    const hub = await startHub(files);
    await run(['fetch', 'toy', '--hub', hub.address]);
    const { out } = await run(['connections']);
    expect(out).toMatch(
      /^\d{4}-.* {2}http:\/\/127\.0\.0\.1:\d+ +0\.1 MB +toys\/toy@main: toy\.gguf +done\n$/,
    );
    expect(JSON.parse((await run(['connections', '--json'])).out)).toMatchObject({ result: 'done' });
  });

  it('says after Ctrl+C how to go on, and goes on', async () => {
    const { run, folder } = machine();
    const ending = new AbortController();
    const hub = await startHub(files, (exchange) => {
      if (exchange.turn > 0) return well(exchange);
      setTimeout(() => ending.abort(), 200);
      return slowly(exchange, 50, 20);
    });
    const cut = await run(['fetch', 'toy', '--hub', hub.address], {}, ending.signal);
    expect(cut.code).toBe(130);
    expect(cut.err).toContain('What is there stays: chorus models fetch toy goes on with it.');
    expect(visible(folder)).toBeUndefined();
    expect((await run(['fetch', 'toy', '--hub', hub.address])).code).toBe(0);
    expect(hub.asked.at(-1)?.range).toMatch(/^bytes=[1-9]/);
  });
});
