import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openConnections } from '../../src/fetch/connections.ts';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import { ledgerLines, readLedger } from '../../src/fetch/ledger.ts';
import { fetchSettings, ledgerFile } from '../../src/fetch/settings.ts';
import { temporaryFolder } from '../programs.ts';
import { startHub, well } from './fake-hub.ts';
import { hubModel, noise, place, visible } from './toy.ts';

describe('the list of connections', () => {
  it('has one entry for each, the newest first, with what became of it', async () => {
    const { settings } = place();
    const connections = openConnections(settings);
    const first = await connections.begin('the first file', 'https://hub.example');
    await first.end({ bytes: 986_048_832, result: 'done' });
    await connections.begin('the second file', 'https://hub.example');
    const entries = await readLedger(settings.ledger);
    expect(entries).toMatchObject([
      { what: 'the second file', bytes: 0, result: 'begun' },
      { what: 'the first file', bytes: 986_048_832, result: 'done' },
    ]);
    const [newest, oldest] = ledgerLines(entries);
    expect(newest).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}https:\/\/hub\.example +0\.0 MB +the second file +not ended$/,
    );
    expect(oldest).toMatch(/986 MB +the first file +done$/);
  });

  it('is empty where nothing was ever fetched, and passes over lines that are none', async () => {
    const file = join(temporaryFolder(), 'connections.jsonl');
    expect(await readLedger(file)).toEqual([]);
    writeFileSync(file, 'no json\n{}\n');
    const line = { time: '2026-11-27T13:00:00.000Z', connection: 'a', origin: 'o', bytes: 1, result: 'done' };
    appendFileSync(file, `${JSON.stringify({ ...line, what: 'x\u001b[31m\u202ey' })}\n{"time":`);
    const entries = await readLedger(file);
    expect(entries).toHaveLength(1);
    // What a hub or a name brought in moves no cursor.
    expect(ledgerLines(entries)[0]).toContain('x [31m y');
  });

  it('reads the end of a long one', async () => {
    const file = join(temporaryFolder(), 'connections.jsonl');
    const line = (i: number): string =>
      `${JSON.stringify({ time: 't', connection: `${i}`, what: `w${i} ${'x'.repeat(900)}`, origin: 'o', bytes: 0, result: 'done' })}\n`;
    writeFileSync(file, Array.from({ length: 6000 }, (_, i) => line(i)).join(''));
    const entries = await readLedger(file);
    expect(entries[0]?.what.startsWith('w5999 ')).toBe(true);
    expect(entries.length).toBeLessThan(6000);
    expect(entries.length).toBeGreaterThan(3000);
  });
});

describe('a token that was chosen for a hub', () => {
  const token = 'hf_chosen_secret';
  const files = { 'model.gguf': noise(30_000, 'gated') };
  const model = hubModel(files);
  const gated = ({ request, response, ...exchange }: Parameters<typeof well>[0]): void => {
    if (request.headers.authorization === `Bearer ${token}`) well({ request, response, ...exchange });
    else response.writeHead(request.headers.authorization === undefined ? 401 : 403).end('no');
  };

  it('opens a limited repository of that hub, which is closed without it and says how', async () => {
    const hub = await startHub(files, gated);
    const here = place();
    const choose = (origin: string) => ({
      ...fetchSettings({}, { hub: hub.address, token: { origin, value: token } }, here.cache),
      patience: here.settings.patience,
    });
    const closed = fetchModel(model, { ...here, settings: choose('https://other.example') });
    await expect(closed).rejects.toThrow(/401: access to it is limited.*Set Hub Token.*CHORUS_HUB_TOKEN/);
    expect(hub.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    await fetchModel(model, { ...here, settings: choose(new URL(hub.address).origin) });
    expect(visible(here.folder)).toBeDefined();
    const entries = await readLedger(ledgerFile(here.cache));
    expect(entries.length).toBeGreaterThan(1);
    expect(JSON.stringify(entries)).not.toContain(token);
  });

  it('is not sent on to where a hub redirects', async () => {
    const store = await startHub(files);
    const hub = await startHub(files, ({ request, response }) =>
      response.writeHead(302, { location: `${store.address}${request.url}` }).end(),
    );
    const here = place();
    const origin = new URL(hub.address).origin;
    const settings = {
      ...fetchSettings({}, { hub: hub.address, token: { origin, value: token } }, here.cache),
      patience: here.settings.patience,
    };
    await fetchModel(model, { ...here, settings });
    expect(hub.asked.map(({ authorization }) => authorization)).toEqual([`Bearer ${token}`]);
    expect(store.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('goes before the environment’s, and neither goes to another hub', () => {
    const environment = { CHORUS_HUB: 'https://a.example', CHORUS_HUB_TOKEN: 'of the environment' };
    const tokenFor = (hub: string): string | undefined =>
      fetchSettings(environment, { hub, token: { origin: 'https://b.example', value: token } }, '/c').token;
    expect(tokenFor('https://a.example/path')).toBe('of the environment');
    expect(tokenFor('https://b.example/path')).toBe(token);
    expect(tokenFor('http://b.example')).toBeUndefined();
    expect(tokenFor('https://b.example:444')).toBeUndefined();
    expect(tokenFor('https://b.example.evil')).toBeUndefined();
  });
});
