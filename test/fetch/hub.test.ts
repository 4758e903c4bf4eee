import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchModel } from '../../src/fetch/fetch-model.ts';
import { mayHaveToken, redirectTarget } from '../../src/fetch/hub-request.ts';
import { storedModel } from '../../src/models/stored-model.ts';
import type { FailureCode } from '../../src/protocol/failure.ts';
import { folderOfFile, temporaryFolder } from '../programs.ts';
import { type Behaviour, cut, head, slowly, stall, startHub, well } from './fake-hub.ts';
import { hashes, hubModel, ledger, noise, type Place, place, sha256, visible } from './toy.ts';

const SIZE = 200_000;
const hasty = { patience: { connectMs: 5_000, stallMs: 250, backoffMs: 1, retries: 3 } };
const files = { 'model.gguf': noise(SIZE, 'model') };
const model = hubModel(files);

/** Fetches from a hub that behaves so; what is visible afterwards is all of the model, or nothing. */
async function fetchFrom(behaviour: Behaviour, at?: Place) {
  const hub = await startHub(files, behaviour);
  const here = at ?? place();
  const settings = { ...here.settings, hub: hub.address };
  const outcome = await fetchModel(model, { ...here, settings }).then(
    (folder) => ({ folder, message: '', code: undefined }),
    (thrown: { message: string; failure?: { code: FailureCode } }) => ({
      folder: undefined,
      message: thrown.message,
      code: thrown.failure?.code,
    }),
  );
  expect(visible(here.folder)).toEqual(outcome.folder === undefined ? undefined : hashes(files));
  expect((await storedModel(here.folder, model)) !== undefined).toBe(outcome.folder !== undefined);
  return { ...outcome, hub, here };
}

describe('a hub that answers well', () => {
  it('gives the model, with its manifest, and nothing of the way there remains', async () => {
    const { folder, here, hub } = await fetchFrom(well);
    expect(folder).toBe(join(here.folder, 'toy'));
    expect(JSON.parse(readFileSync(join(here.folder, 'toy', 'chorus.json'), 'utf8'))).toEqual({
      name: 'Toy',
      summary: 'Made for a test.',
      licence: 'Apache-2.0',
    });
    expect(readdirSync(join(here.folder, '.fetching'))).toEqual(['.claims']);
    expect(readdirSync(join(here.folder, '.fetching', '.claims'))).toEqual([]);
    expect(hub.asked.map(({ path }) => path)).toEqual(['/toys/toy/resolve/main/model.gguf']);
    const bytes = here.told.filter(({ kind }) => kind === 'bytes').at(-1);
    expect(bytes).toEqual({ kind: 'bytes', done: SIZE, total: SIZE });
  });

  it('is not asked for a model that is there', async () => {
    const { here, hub } = await fetchFrom(well);
    await fetchModel(model, { ...here, settings: { ...here.settings, hub: hub.address } });
    expect(hub.asked).toHaveLength(1);
  });

  it('is asked again for a model that lost a byte, or whose hash in the catalogue is another', async () => {
    const { here, hub } = await fetchFrom(well);
    const settings = { ...here.settings, hub: hub.address };
    writeFileSync(join(here.folder, 'toy', 'model.gguf'), files['model.gguf'].subarray(1));
    await fetchModel(model, { ...here, settings });
    expect(hub.asked).toHaveLength(2);
    expect(visible(here.folder)).toEqual(hashes(files));

    const other = hubModel({ 'model.gguf': noise(SIZE, 'of the same size') });
    await expect(fetchModel(other, { ...here, settings })).rejects.toThrow(/SHA-256 is another\), twice/);
    const newer = hubModel({ 'model.gguf': noise(100, 'newer') });
    await expect(fetchModel(newer, { ...here, settings })).rejects.toThrow(/has 200000 bytes instead of 100/);
    expect(visible(here.folder)).toEqual(hashes(files));
  });

  it('leaves the manifest as the catalogue has it now', async () => {
    const { here } = await fetchFrom(well);
    const completion = { file: '<file>', promptTokens: 512, suffixTokens: 0 };
    await fetchModel({ ...model, summary: 'Better.', base: 'other', completion }, here);
    expect(JSON.parse(readFileSync(join(here.folder, 'toy', 'chorus.json'), 'utf8'))).toEqual({
      ...{ name: 'Toy', summary: 'Better.', licence: 'Apache-2.0', base: '../other', completion },
    });
    expect(readdirSync(join(here.folder, 'toy')).sort()).toEqual([
      'chorus.json',
      'fetched.json',
      'model.gguf',
    ]);
  });

  it('gives several files at once, never more than the limit, and refuses none that is there', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [
        i % 2 ? `onnx/part-${i}.bin` : `part-${i}.bin`,
        noise(20_000, `${i}`),
      ]),
    );
    let [open, most] = [0, 0];
    const hub = await startHub(many, async (exchange) => {
      most = Math.max(most, ++open);
      exchange.response.on('finish', () => open--);
      await slowly(exchange, 4, 5);
    });
    const here = place({ hub: hub.address });
    await fetchModel(hubModel(many), here);
    expect(visible(here.folder)).toEqual(hashes(many));
    expect(most).toBe(3);
  });

  it('may leave open how long the file is', async () => {
    const { folder } = await fetchFrom(({ response, bytes }) => {
      response.write(bytes.subarray(0, 1000));
      response.end(bytes.subarray(1000));
    });
    expect(folder).toBeDefined();
  });

  it('has its pieces written where an address with blanks, signs and a path lead', async () => {
    const hub = await startHub(files);
    const here = place({ hub: `${hub.address}/mirror/of it/` });
    await fetchModel(model, here);
    expect(hub.asked[0]?.path).toBe('/mirror/of it/toys/toy/resolve/main/model.gguf');
  });
});

describe('a hub that breaks off', () => {
  it('is asked for the rest, wherever it broke off, and the file is whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: SIZE - 1 }), { maxLength: 6 }), async (ends) => {
        const sorted = ends.toSorted((a, b) => a - b);
        const { folder, hub } = await fetchFrom((exchange) => {
          const end = sorted[exchange.turn];
          if (end === undefined) well(exchange);
          else cut(exchange, end);
        });
        expect(folder).toBeDefined();
        // Never the same byte twice.
        const starts = hub.asked.map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]));
        expect(starts).toEqual([0, ...sorted].slice(0, starts.length));
      }),
      { numRuns: 15 },
    );
  });

  it('at 100 offsets one after the other still gives the file', async () => {
    const offsets = Array.from({ length: 100 }, (_, i) => Math.floor(((i + 1) * SIZE) / 101));
    const { folder, hub } = await fetchFrom((exchange) => {
      const end = offsets[exchange.turn];
      if (end === undefined) well(exchange);
      else cut(exchange, end);
    });
    expect(folder).toBeDefined();
    expect(hub.asked).toHaveLength(101);
  });

  it('and sends nothing any more is given up after some tries, and gone on with the next time', async () => {
    const { message, here, hub } = await fetchFrom((exchange) => cut(exchange, 100_000));
    expect(message).toMatch(
      /Toy could not be fetched.*model\.gguf did not come from http.*: the connection broke\./,
    );
    expect(hub.asked).toHaveLength(1 + 4);
    const again = await fetchFrom(well, here);
    expect(again.folder).toBeDefined();
    expect(again.hub.asked.map(({ range }) => range)).toEqual(['bytes=100000-']);
  });

  it('and knows no ranges is read from the beginning', async () => {
    const { folder } = await fetchFrom((exchange) => {
      if (exchange.turn === 0) return cut(exchange, 50_000);
      exchange.response.writeHead(200, { 'content-length': SIZE }).end(exchange.bytes);
    });
    expect(folder).toBeDefined();
  });

  it('and then answers with other bytes of the file than were asked for is not believed', async () => {
    const { folder, hub } = await fetchFrom((exchange) => {
      const { turn, response, bytes } = exchange;
      if (turn === 0) return cut(exchange, 50_000);
      if (turn > 1) return well(exchange);
      response.writeHead(206, {
        'content-length': SIZE - 10,
        'content-range': `bytes 10-${SIZE - 1}/${SIZE}`,
      });
      response.end(bytes.subarray(10));
    });
    expect(folder).toBeDefined();
    expect(hub.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=50000-', undefined]);
  });

  it('and then has not the bytes that are missing (416) is read from the beginning', async () => {
    const { folder, hub } = await fetchFrom((exchange) => {
      if (exchange.turn === 0) return cut(exchange, 50_000);
      if (exchange.turn === 1) return exchange.response.writeHead(416).end();
      well(exchange);
    });
    expect(folder).toBeDefined();
    expect(hub.asked).toHaveLength(3);
  });

  it('by sending nothing is asked again', async () => {
    const { folder, here } = await fetchFrom((exchange) => {
      if (exchange.turn === 0) stall(exchange, 50_000);
      else well(exchange);
    }, place(hasty));
    expect(folder).toBeDefined();
    expect(here.told.find(({ kind }) => kind === 'retrying')).toMatchObject({
      why: 'model.gguf: it stopped sending',
    });
  });

  it('by sending a few bytes now and then is asked again', async () => {
    const { folder, here } = await fetchFrom(async (exchange) => {
      if (exchange.turn > 0) return well(exchange);
      head(exchange);
      for (let at = 0; !exchange.response.destroyed && at < 100; at++) {
        exchange.response.write(exchange.bytes.subarray(at, at + 1));
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    }, place(hasty));
    expect(folder).toBeDefined();
    expect(here.told.find(({ kind }) => kind === 'retrying')).toMatchObject({
      why: 'model.gguf: it stopped sending',
    });
  });

  it('by never answering is given up', async () => {
    const patience = { connectMs: 500, stallMs: 30, backoffMs: 1, retries: 1 };
    const { message } = await fetchFrom(() => {}, place({ patience }));
    expect(message).toMatch(/it stopped sending/);
  });

  it('because it is busy is asked again, after as long as it says', async () => {
    const { folder, here } = await fetchFrom((exchange) => {
      const { turn, response } = exchange;
      if (turn === 0) return response.writeHead(503).end();
      if (turn === 1) return response.writeHead(429, { 'retry-after': '0' }).end();
      well(exchange);
    });
    expect(folder).toBeDefined();
    expect(here.told.filter(({ kind }) => kind === 'retrying')).toHaveLength(2);
  });
});

describe('a hub that sends something else', () => {
  const flipped = files['model.gguf'].slice();
  flipped[SIZE - 1] = (flipped[SIZE - 1] ?? 0) ^ 1;
  const bodies: readonly [string, Behaviour, RegExp][] = [
    [
      'one bit flipped',
      ({ response }) => response.writeHead(200, { 'content-length': SIZE }).end(flipped),
      /SHA-256 is another\), twice/,
    ],
    [
      'zeros of the right length',
      ({ response }) => response.end(new Uint8Array(SIZE)),
      /SHA-256 is another\), twice/,
    ],
    [
      'a short body with an honest length',
      ({ response }) => response.end('short'),
      /has 5 bytes instead of 200000/,
    ],
    [
      'more than the file',
      ({ response, bytes }) => {
        response.write(bytes);
        response.end('!');
      },
      /more than the 200000 bytes/,
    ],
    [
      'endlessly much',
      ({ response, bytes }) => {
        const push = (): void => {
          while (response.writable && response.write(bytes));
          response.once('drain', push);
        };
        push();
      },
      /more than the 200000 bytes/,
    ],
    [
      'a web page',
      ({ response }) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>'),
      /a web page instead of the file/,
    ],
    [
      'a web page of the right length',
      ({ response }) =>
        response
          .writeHead(200, { 'content-type': 'text/html', 'content-length': SIZE })
          .end(new Uint8Array(SIZE)),
      /a web page instead of the file/,
    ],
    [
      'it compressed',
      ({ response, bytes }) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes),
      /compressed \(gzip\)/,
    ],
    [
      'a part that was not asked for',
      ({ response, bytes }) =>
        response.writeHead(206, { 'content-range': `bytes 5-${SIZE - 1}/${SIZE}` }).end(bytes.subarray(5)),
      /other bytes than/,
    ],
    [
      'a part of a longer file',
      ({ response, bytes }) =>
        response.writeHead(206, { 'content-range': `bytes 0-${SIZE - 1}/${SIZE + 1}` }).end(bytes),
      /other bytes than/,
    ],
    ['no such file', ({ response }) => response.writeHead(404).end(), /status 404: it has no such file/],
    ['no permission', ({ response }) => response.writeHead(403).end(), /CHORUS_HUB_TOKEN/],
    ['a status nobody knows', ({ response }) => response.writeHead(299).end(), /status 299/],
    ['a redirect to nowhere', ({ response }) => response.writeHead(302).end(), /no address/],
    [
      'a redirect to a file',
      ({ response }) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      /file:\/\/, which is not followed/,
    ],
    [
      'a redirect to itself',
      ({ request, response }) => response.writeHead(307, { location: request.url }).end(),
      /only sent the request on/,
    ],
  ];
  it.each(bodies)('%s is told, and nothing is visible', async (_name, behaviour, message) => {
    const outcome = await fetchFrom(behaviour);
    expect(outcome.message).toMatch(message);
    expect([outcome.folder, outcome.code]).toEqual([undefined, 'fetch-failed']);
  });

  it('once, and then the file, is asked for the whole file again', async () => {
    const { folder, hub } = await fetchFrom((exchange) => {
      if (exchange.turn === 0) exchange.response.end(flipped);
      else well(exchange);
    });
    expect(folder).toBeDefined();
    expect(hub.asked.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  it('ends the other files of the model too', async () => {
    const two = { ...files, 'other.bin': noise(SIZE, 'other') };
    const hub = await startHub(two, (exchange) => {
      if (exchange.bytes === two['other.bin']) exchange.response.writeHead(404).end();
      else stall(exchange, 1000);
    });
    const here = place({ hub: hub.address, patience: { stallMs: 20_000 } });
    await expect(fetchModel(hubModel(two), here)).rejects.toThrow(/other\.bin did not come.*404/);
  });
});

describe('a hub that is not there', () => {
  it('is asked twice and no more, and that is said', async () => {
    const here = place();
    await expect(fetchModel(model, here)).rejects.toThrow(/it refuses connections/);
    expect(ledger(here.cache).map(({ result }) => result === 'begun')).toEqual([true, false, true, false]);
  });

  it('with a name that nobody knows, likewise', async () => {
    await expect(fetchModel(model, place({ hub: 'http://hub.invalid' }))).rejects.toThrow(
      /its name is not known here/,
    );
  });
});

describe('the token', () => {
  const token = 'hf_secret';

  it('goes to the hub', async () => {
    const hub = await startHub(files);
    const here = place({ hub: hub.address, token });
    await fetchModel(model, here);
    expect(hub.asked.map(({ authorization }) => authorization)).toEqual(['Bearer hf_secret']);
    expect(readFileSync(here.settings.ledger, 'utf8')).not.toContain(token);
  });

  it.each([301, 302, 303, 307, 308])('goes to nobody whom the hub sends on to by %i', async (status) => {
    const other = await startHub(files);
    const hub = await startHub(files, ({ response }) =>
      response
        .writeHead(status, { location: `${other.address}/toys/toy/resolve/main/model.gguf?signed=x` })
        .end(),
    );
    const here = place({ hub: hub.address, token });
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual(hashes(files));
    expect(hub.asked.map(({ authorization }) => authorization)).toEqual([`Bearer ${token}`]);
    expect(other.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    const text = readFileSync(here.settings.ledger, 'utf8');
    for (const address of [hub.address, other.address]) expect(text).toContain(address);
    expect(text).not.toMatch(/hf_secret|signed/);
  });

  it('comes back to the hub, and goes on with the range, where the other one sends back', async () => {
    const other = await startHub(files, ({ response }) =>
      response.writeHead(302, { location: `${back}/b/resolve/main/model.gguf` }).end(),
    );
    let back = '';
    const hub = await startHub(files, (exchange) => {
      const { request, response } = exchange;
      if (request.url?.startsWith('/b/') !== true) {
        response.writeHead(302, { location: `${other.address}/x/resolve/main/model.gguf` }).end();
      } else if (exchange.from === 0) cut(exchange, 70_000);
      else well(exchange);
    });
    back = hub.address;
    const here = place({ hub: hub.address, token });
    await fetchModel(model, here);
    expect(new Set(other.asked.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
    expect(new Set(hub.asked.map(({ authorization }) => authorization))).toEqual(
      new Set([`Bearer ${token}`]),
    );
    expect(other.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=70000-']);
  });

  it.each([
    ['https://hub.example/a', 'https://hub.example', true],
    ['https://hub.example:443/a', 'https://hub.example/under/it', true],
    ['http://127.0.0.1:8080/a', 'http://127.0.0.1:8080', true],
    ['http://localhost/a', 'http://localhost', true],
    ['http://hub.example/a', 'http://hub.example', false],
    ['http://hub.example/a', 'https://hub.example', false],
    ['https://hub.example:444/a', 'https://hub.example', false],
    ['https://cdn.hub.example/a', 'https://hub.example', false],
    ['https://hub.example.evil/a', 'https://hub.example', false],
    ['http://127.0.0.1.evil/a', 'http://127.0.0.1.evil', false],
  ])('may go to %s for the hub %s: %s', (url, hub, may) => {
    expect(mayHaveToken(new URL(url), hub)).toBe(may);
  });
});

describe('a hub with https', () => {
  const folder = folderOfFile();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const options = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=127.0.0.1',
  ];
  const made = spawnSync('openssl', ['req', '-x509', ...options, '-keyout', key, '-out', cert]);

  it.skipIf(made.status !== 0)(
    'and a certificate that nobody vouches for gets nothing, and that is said',
    async () => {
      const asked: string[] = [];
      const server = createSecureServer(
        { key: readFileSync(key), cert: readFileSync(cert) },
        (request, response) => {
          asked.push(String(request.headers.authorization));
          response.end();
        },
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const { port } = server.address() as { port: number };
      const here = place({ hub: `https://127.0.0.1:${port}`, token: 'hf_secret' });
      await expect(fetchModel(model, here)).rejects.toThrow(
        /certificate is not trusted \(\w+\).*NODE_EXTRA_CA_CERTS/,
      );
      expect([asked, ledger(here.cache).length]).toEqual([[], 2]);
    },
  );
});

describe('a redirect', () => {
  it.each([
    ['https://hub.example/a/b', '/c', 'https://hub.example/c'],
    ['https://hub.example/a/b', 'https://cdn.example/x?sign=1', 'https://cdn.example/x?sign=1'],
    ['https://hub.example/a/b', '//cdn.example/x', 'https://cdn.example/x'],
    ['http://hub.example/a', 'https://hub.example/a', 'https://hub.example/a'],
    ['http://hub.example/a', 'http://cdn.example/a', 'http://cdn.example/a'],
  ])('from %s to %s is followed', (from, location, to) => {
    expect(redirectTarget(new URL(from), location).href).toBe(to);
  });

  it.each([
    ['https://hub.example/a', 'http://hub.example/a'],
    ['https://hub.example/a', 'http://cdn.example/a'],
    ['https://hub.example/a', 'https://me:secret@cdn.example/a'],
    ['https://hub.example/a', 'ftp://cdn.example/a'],
    ['https://hub.example/a', 'data:text/plain,x'],
    ['https://hub.example/a', 'https://'],
    ['https://hub.example/a', undefined],
    ['https://hub.example/a', ['/a', '/b']],
  ])('from %s to %s is not', (from, location) => {
    expect(() => redirectTarget(new URL(from), location)).toThrow(/is not followed from there/);
  });
});

describe('a fetch that ends early', () => {
  it('is cancelled at once, keeps what came, and goes on later', async () => {
    const hub = await startHub(files, (exchange) =>
      exchange.turn === 0 ? stall(exchange, 60_000) : well(exchange),
    );
    const here = place({ hub: hub.address, patience: { stallMs: 60_000, connectMs: 2_000 } });
    const cancelling = new AbortController();
    const fetching = fetchModel(model, { ...here, signal: cancelling.signal });
    setTimeout(() => cancelling.abort(), 200);
    await expect(fetching).rejects.toMatchObject({ failure: { code: 'cancelled' } });
    expect(ledger(here.cache).at(-1)?.result).toBe('cancelled');
    expect(visible(here.folder)).toBeUndefined();
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual(hashes(files));
    expect(Number(/\d+/.exec(hub.asked[1]?.range ?? '')?.[0])).toBeGreaterThan(0);
  });

  it('leaves a part that is taken for what it is: too long, damaged, or no file', async () => {
    const part = (here: Place): string =>
      join(here.folder, '.fetching', 'toy', `${sha256(files['model.gguf'])}.part`);
    const spoil: readonly ((file: string) => void)[] = [
      (file) => writeFileSync(file, new Uint8Array(SIZE + 1)),
      (file) => writeFileSync(file, new Uint8Array(SIZE)),
      (file) => writeFileSync(file, new Uint8Array(1000)),
      (file) => mkdirSync(join(file, 'x'), { recursive: true }),
      (file) => symlinkSync('/etc/hostname', file),
    ];
    for (const damage of spoil) {
      const here = place();
      mkdirSync(join(here.folder, '.fetching', 'toy'), { recursive: true });
      damage(part(here));
      const { folder, hub } = await fetchFrom(well, here);
      expect(folder).toBeDefined();
      // What cannot be a beginning is not asked to be gone on with.
      const ranges = hub.asked.map(({ range }) => range);
      expect(ranges.every((range) => range === undefined || range === 'bytes=1000-')).toBe(true);
    }
  });

  it('is not led out of the folder by a link', async () => {
    const outside = temporaryFolder();
    const here = place();
    mkdirSync(here.folder, { recursive: true });
    mkdirSync(join(here.folder, '.fetching'));
    symlinkSync(outside, join(here.folder, '.fetching', 'toy'));
    const { message } = await fetchFrom(well, here);
    expect(message).toMatch(/leads out of .* by a link/);
    expect(readdirSync(outside).filter((name) => name.includes('gguf'))).toEqual([]);
  });
});

describe('a proxy', () => {
  it('of the environment is used', async () => {
    const through: string[] = [];
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      sockets.add(client);
      client
        .on('error', () => {})
        .once('data', (data) => {
          const target = /^CONNECT (\S+):(\d+) /.exec(data.toString('latin1'));
          through.push(`${target?.[1]}:${target?.[2]}`);
          const server = connect(Number(target?.[2]), target?.[1], () => {
            client.write('HTTP/1.1 200 Connection established\r\n\r\n');
            server.pipe(client).pipe(server);
          });
          server.on('error', () => client.destroy());
        });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    const hub = await startHub(files);
    const { port } = proxy.address() as { port: number };
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    vi.stubEnv('http_proxy', `http://127.0.0.1:${port}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const here = place({ hub: hub.address });
    await fetchModel(model, here);
    expect(visible(here.folder)).toEqual(hashes(files));
    expect(through).toEqual([new URL(hub.address).host]);
  });
});

describe('without the network', () => {
  it('nothing is asked, nothing is written, and what is there is given', async () => {
    const hub = await startHub(files);
    const here = place({ hub: hub.address, offline: true });
    await expect(fetchModel(model, here)).rejects.toMatchObject({ failure: { code: 'offline' } });
    expect([hub.asked, ledger(here.cache), existsSync(here.folder)]).toEqual([[], [], false]);
    await fetchModel(model, { ...here, settings: { ...here.settings, offline: false } });
    expect(await fetchModel(model, here)).toBe(join(here.folder, 'toy'));
  });

  it('nothing is asked where the connection cannot be written down', async () => {
    const hub = await startHub(files);
    const here = place({ hub: hub.address });
    mkdirSync(here.settings.ledger);
    await expect(fetchModel(model, here)).rejects.toThrow(/list of connections.*cannot be written/);
    expect(hub.asked).toEqual([]);
  });

  it('every connection has a line before it and one after, with what came', async () => {
    const { here } = await fetchFrom((exchange) => {
      if (exchange.turn === 0) return cut(exchange, 100_000);
      well(exchange);
    });
    expect(ledger(here.cache).map(({ result, bytes }) => [result === 'begun', bytes])).toEqual([
      [true, 0],
      [false, 100_000],
      [true, 0],
      [false, 100_000],
    ]);
  });
});
