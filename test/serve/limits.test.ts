/** What the server refuses and ends by itself, with an engine that waits until it is told to go on. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine, RequestOptions } from '../../src/engine/engine.ts';
import type { Generated, GenerateOutcome } from '../../src/protocol/engine.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { checkedKey, keptKey, sameKey } from '../../src/serve/key.ts';
import { type ServeOptions, serve } from '../../src/serve/serve.ts';
import { temporaryFolder } from '../programs.ts';

const key = 'the-key-of-the-test';
const nothing: Generated = {
  text: 'x',
  unit: 'token',
  ids: [1],
  stop: 'end',
  shares: {},
  weights: {},
  promptTokens: {},
  reusedTokens: {},
  ms: { prefill: 0, decode: 0 },
};

/** Answers when `go` is called; an aborted one as an engine does. */
function waitingEngine() {
  const under: { readonly options: RequestOptions; readonly go: (outcome?: GenerateOutcome) => void }[] = [];
  let started = (): void => {};
  const engine: Pick<Engine, 'generate'> = {
    generate: (_, options = {}) =>
      new Promise((resolve) => {
        const go = (outcome: GenerateOutcome = { kind: 'generated', result: nothing }) => resolve(outcome);
        under.push({ options, go });
        options.signal?.addEventListener('abort', () =>
          go({ kind: 'failed', failure: { code: 'cancelled', message: 'cancelled' } }),
        );
        started();
      }),
  };
  const next = async (count: number) => {
    while (under.length < count)
      await new Promise<void>((resolve) => {
        started = resolve;
      });
    return under[count - 1] as (typeof under)[number];
  };
  return { engine, next, under };
}

async function serving(change: Partial<ServeOptions> = {}) {
  const fake = waitingEngine();
  const server = await serve({
    engine: fake.engine,
    models: [{ id: 'a' }],
    key,
    port: 0,
    ipv6: false,
    origins: [],
    log: () => {},
    ...change,
  });
  onTestFinished(() => server.close());
  const base = `http://127.0.0.1:${server.port}`;
  const ask = (body: BodyInit = JSON.stringify({ prompt: 'p' }), init: RequestInit = {}) =>
    fetch(`${base}/v1/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
      ...init,
    });
  return { ...fake, port: server.port, base, ask };
}

const codeOf = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;

describe('limits', () => {
  it('a request too many is refused with 429, and the next is taken again when there is room', async () => {
    const { ask, next } = await serving({ limits: { waiting: 1 } });
    const first = ask();
    await next(1);
    const second = ask();
    await next(2);
    const third = await ask();
    expect([third.status, await codeOf(third)]).toEqual([429, 'rate_limit_exceeded']);
    (await next(1)).go();
    expect((await first).status).toBe(200);
    const fourth = ask();
    (await next(3)).go();
    (await next(2)).go();
    expect([(await second).status, (await fourth).status]).toEqual([200, 200]);
  });

  it('a body may have so many bytes and no more, and must be JSON', async () => {
    const { ask, next } = await serving({ limits: { bodyBytes: 1000 } });
    const fits = ask(JSON.stringify({ prompt: 'x'.repeat(900) }));
    (await next(1)).go();
    expect((await fits).status).toBe(200);
    const long = await ask(JSON.stringify({ prompt: 'x'.repeat(1000) }));
    expect([long.status, await codeOf(long)]).toEqual([413, 'request_too_large']);
    const torn = await ask('{"prompt": ');
    expect([torn.status, await codeOf(torn)]).toEqual([400, 'invalid_json']);
  });

  it('an answer that takes too long is ended', async () => {
    const { ask, under } = await serving({ limits: { answerMs: 50 } });
    const late = await ask();
    expect([late.status, await codeOf(late)]).toEqual([504, 'timeout']);
    expect(under[0]?.options.signal?.aborted).toBe(true);
  });

  it('a client that goes away ends its request, and no other', async () => {
    const { ask, next } = await serving({ limits: { waiting: 1 } });
    const gone = new AbortController();
    const first = ask(undefined, { signal: gone.signal }).catch(() => 'gone');
    const { options } = await next(1);
    const stays = ask();
    const { options: mine, go } = await next(2);
    const ended = new Promise((resolve) => options.signal?.addEventListener('abort', resolve));
    expect(options.signal?.aborted).toBe(false);
    gone.abort();
    expect(await first).toBe('gone');
    await ended;
    expect(mine.signal?.aborted).toBe(false);
    // Its place is free.
    const another = ask();
    (await next(3)).go();
    go();
    expect([(await stays).status, (await another).status]).toEqual([200, 200]);
  });

  it('what fails inside has a sentence and a status, before text and after', async () => {
    const { ask, next } = await serving();
    const failed: GenerateOutcome = {
      kind: 'failed',
      failure: { code: 'model-invalid', message: 'An expert cannot go on.' },
    };
    const whole = ask();
    (await next(1)).go(failed);
    expect([(await whole).status, await codeOf(await whole)]).toEqual([500, 'model_invalid']);
    const streamed = ask(JSON.stringify({ prompt: 'p', stream: true }));
    const { options, go } = await next(2);
    options.onDelta?.({ text: 'x', tokens: 1, unit: 'token', shares: {}, origin: { shares: {} } });
    go(failed);
    const text = await (await streamed).text();
    expect(text).toMatch(/"text":"x".*\n\ndata: \{"error":\{"message":"An expert cannot go on\."/);
    expect(text).not.toContain('[DONE]');
  });
});

describe('who may ask', () => {
  /** fetch sets the header Host itself. */
  const asHost = (port: number, host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const options = {
        port,
        host: '127.0.0.1',
        path: '/v1/models',
        headers: { host, authorization: `Bearer ${key}` },
      };
      httpRequest(options, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });

  it('only who means this machine: a name that was made to point here is refused', async () => {
    const { port } = await serving();
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
      expect(await asHost(port, host)).toBe(200);
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost', `127.0.0.1:${port + 1}`])
      expect(await asHost(port, host)).toBe(403);
  });

  it('pages only of an origin that was allowed', async () => {
    const { base } = await serving({ origins: ['https://good.example'] });
    const preflight = (origin: string) =>
      fetch(`${base}/v1/models`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
    const good = await preflight('https://good.example');
    expect([good.status, good.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://good.example',
    ]);
    const bad = await preflight('https://bad.example');
    expect([bad.status, bad.headers.get('access-control-allow-origin')]).toEqual([401, null]);
  });

  it('by IPv6 only where that was asked for', async (context) => {
    const { port } = await serving({ ipv6: true }).catch(() => ({ port: undefined }));
    if (port === undefined) return context.skip('this machine has no ::1');
    const headers = { authorization: `Bearer ${key}` };
    expect((await fetch(`http://[::1]:${port}/v1/models`, { headers })).status).toBe(200);
    const { port: without } = await serving();
    await expect(fetch(`http://[::1]:${without}/v1/models`, { headers })).rejects.toThrow();
  });

  it('and on a port that is taken it says so', async () => {
    const { port } = await serving();
    await expect(serving({ port })).rejects.toThrow(`Port ${port} is taken`);
  });
});

describe('the key', () => {
  it('is kept once; a file that others can read, or that holds none, is refused', async () => {
    const file = join(temporaryFolder(), 'below', 'serve.key');
    const made = await keptKey(file);
    expect(made).toMatchObject({ isNew: true, key: expect.stringMatching(/^[\w-]{43}$/) });
    expect(await keptKey(file)).toEqual({ key: made.key, isNew: false });
    if (process.platform !== 'win32') {
      const open = join(temporaryFolder(), 'open.key');
      writeFileSync(open, made.key, { mode: 0o644 });
      await expect(keptKey(open)).rejects.toThrow('others on this machine can read it');
    }
    const empty = join(temporaryFolder(), 'empty.key');
    writeFileSync(empty, '', { mode: 0o600 });
    await expect(keptKey(empty)).rejects.toThrow('is no key');
    const folder = join(temporaryFolder(), 'folder.key');
    mkdirSync(folder, { mode: 0o700 });
    await expect(keptKey(folder)).rejects.toThrow('EISDIR');
  });

  it('compares as a whole', () => {
    expect(sameKey('secret-key', 'secret-key')).toBe(true);
    for (const other of ['', 'secret-ke', 'secret-key ', 'Secret-key'])
      expect(sameKey(other, 'secret-key')).toBe(false);
    for (const bad of ['short', 'with a blank', 'ü'.repeat(10)])
      expect(() => checkedKey(bad)).toThrow(ChorusError);
  });
});
