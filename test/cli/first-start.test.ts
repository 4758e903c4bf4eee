import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { conversionNotes } from '../../src/cli/conversion-notes.ts';
import { type FirstStartOptions, firstStart, stagesText } from '../../src/cli/first-start.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { Catalog } from '../../src/models/catalog.ts';
import { TINY_BASE } from '../../src/models/tiny.ts';
import type { ExpertStatus } from '../../src/protocol/engine.ts';
import { type Behaviour, slowly, startHub } from '../fetch/fake-hub.ts';
import { modelsWith, SOURCE_FILE } from '../fetch/tiny-source.ts';
import { hubModel, noise } from '../fetch/toy.ts';
import { keeping } from '../kept-experts.ts';
import { programs, temporaryFolder } from '../programs.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await pocketGguf(1);
});

interface Hub {
  /** The file that it has, and the one that the catalogue means. */
  readonly served?: Uint8Array;
  readonly listed?: Uint8Array;
  readonly behaviour?: Behaviour;
  readonly address?: string;
}

/** A machine with nothing but Chorus on it. */
async function machine(hubs: Hub = {}) {
  const served = hubs.served ?? bytes;
  const listed = hubs.listed ?? served;
  const hub = await startHub({ [SOURCE_FILE]: served }, hubs.behaviour);
  const [models, cache] = [modelsWith(listed), temporaryFolder()];
  const start = async (change: Partial<FirstStartOptions> = {}, typed?: string) => {
    const engine = createEngine({ ...keeping, models, cacheFolder: cache, environment: {} });
    const [input, output] = [terminal(typed !== undefined), terminal(typed !== undefined)];
    let said = '';
    output.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    if (typed !== undefined) input.end(typed);
    try {
      const begin = await firstStart(engine, {
        models,
        cache,
        environment: {},
        input,
        output,
        pocket: false,
        consent: 'always',
        choices: { hub: hubs.address ?? hub.address },
        interruption: () => new AbortController().signal,
        ...change,
      });
      const active = begin?.mix.experts.filter((expert) => expert.active).map(({ id }) => id);
      const ready = (await engine.load()).filter(({ state }) => state.kind === 'ready').map(({ id }) => id);
      return { said, active, ready, stages: begin?.stages.map(({ name }) => name) };
    } finally {
      await engine.dispose();
    }
  };
  return { hub, cache, start };
}

function terminal(isTTY: boolean): PassThrough & { readonly isTTY: boolean } {
  return Object.assign(new PassThrough(), { isTTY });
}

const pocketAnswers = { active: ['pocket/code', 'pocket/math'], ready: ['pocket/code', 'pocket/math'] };
const tinyAnswers = { active: ['tiny/base', 'tiny/code', 'tiny/math'], ready: ['tiny/base'] };

describe('the first start in a terminal', () => {
  it('says what is fetched, fetches and converts it once, and then has it at once', async () => {
    const { hub, start } = await machine();
    const first = await start();
    // The adapters belong to another base here: what is left of the mix answers.
    expect(first).toMatchObject(tinyAnswers);
    expect(first.said).toMatch(
      /licence {2}Apache-2\.0 .*\n.*size .* MB over the network.*\n.*memory .*\n.*from .*toys\/toy at http/,
    );
    expect(first.stages).toContain('load');
    const { length } = hub.asked;
    expect(length).toBeGreaterThan(0);
    const second = await start({ choices: { offline: true } });
    expect(second).toMatchObject(tinyAnswers);
    expect(second.said).not.toContain('not on this machine');
    expect(second.stages).toEqual(['load']);
    expect(hub.asked).toHaveLength(length);
  });

  it.each<[string, Partial<FirstStartOptions>, string]>([
    ['the pocket experts are asked for', { pocket: true }, ''],
    ['connections are forbidden', { choices: { offline: true } }, 'connections are forbidden'],
    ['the environment forbids them', { environment: { CHORUS_OFFLINE: '1' } }, 'connections are forbidden'],
    ['nobody can be asked', { consent: 'ask' }, 'With --fetch'],
    ['the hub has no address', { choices: { hub: 'hub' }, environment: {} }, 'address of the hub'],
    ['no folder has the catalogue', { models: 'nowhere' }, 'catalog.json is missing'],
  ])('asks no hub where %s', async (_, change, said) => {
    const { hub, start, cache } = await machine();
    const outcome = await start(change);
    if (change.models === undefined) expect(outcome).toMatchObject(pocketAnswers);
    expect(outcome.said).toContain(said);
    expect(hub.asked).toEqual([]);
    expect(existsSync(join(cache, 'models'))).toBe(false);
  });

  it('fetches after y, not after n, and leaves after the end of the input', async () => {
    const { hub, start } = await machine();
    expect(await start({ consent: 'ask' }, 'perhaps\nn\n')).toMatchObject(pocketAnswers);
    expect((await start({ consent: 'ask' }, '')).active).toBeUndefined();
    expect(hub.asked).toEqual([]);
    const agreed = await start({ consent: 'ask' }, 'y\n');
    expect(agreed).toMatchObject(tinyAnswers);
    expect(agreed.said).toContain('\r\u001b[K  [########################] 100 %');
  });

  it.each<[string, Hub, RegExp]>([
    ['is not reached', { address: 'http://127.0.0.1:9' }, /could not be fetched/],
    ['has another file', { served: noise(5_000, 'a'), listed: noise(5_000, 'b') }, /could not be fetched/],
    ['has something that is no model', { served: noise(5_000, 'a') }, /GGUF/],
  ])(
    'goes on with the pocket experts where the hub %s',
    async (_, options, said) => {
      const { start } = await machine(options);
      const outcome = await start();
      expect(outcome).toMatchObject(pocketAnswers);
      expect(outcome.said).toMatch(said);
      expect(outcome.said).toContain('The pocket experts answer.');
    },
    60_000,
  );

  it('goes on with them after Ctrl+C, and the next start with what was fetched', async () => {
    const { hub, start } = await machine({ behaviour: (exchange) => slowly(exchange, 50, 10) });
    const ended = new AbortController();
    const interruption = (): AbortSignal => {
      const look = setInterval(() => {
        if (hub.asked.length > 0) ended.abort();
      }, 100);
      onTestFinished(() => clearInterval(look));
      return ended.signal;
    };
    const first = await start({ interruption });
    expect(first).toMatchObject(pocketAnswers);
    expect(first.said).toContain('The next start goes on with what is there. The pocket experts answer.');
    expect(await start()).toMatchObject(tinyAnswers);
  });
});

describe('a mix that is named', () => {
  /** Two models of one mix, on one hub. */
  async function twoModels() {
    const files = { 'a.gguf': bytes, 'b.gguf': bytes };
    const [models, cache, hub] = [modelsWith(bytes), temporaryFolder(), await startHub(files)];
    const one = (file: 'a.gguf' | 'b.gguf') => ({
      ...hubModel({ [file]: bytes }),
      id: file[0] ?? '',
      name: `Model ${file[0]}`,
    });
    const mix = (...ids: string[]) => ({
      experts: ids.map((model) => ({ model, weight: 2 })),
      pool: 'linear' as const,
      weighting: 'fixed' as const,
    });
    const both = { id: 'both', name: 'Both', summary: 'Two.', completions: mix('a'), chat: mix('a', 'b') };
    const catalogue: Catalog = { models: [one('a.gguf'), one('b.gguf')], mixes: [both] };
    writeFileSync(join(models, 'catalog.json'), JSON.stringify(catalogue));
    const start = async (change: Partial<FirstStartOptions> = {}) => {
      const engine = createEngine({ ...keeping, models, cacheFolder: cache, environment: {} });
      const output = terminal(false);
      let said = '';
      output.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      try {
        const begin = await firstStart(engine, {
          ...{ models, cache, environment: {}, input: terminal(false), output, pocket: false, mix: 'both' },
          ...{ consent: 'always', choices: { hub: hub.address } },
          interruption: () => new AbortController().signal,
          ...change,
        });
        return { said, mix: begin?.mix };
      } finally {
        await engine.dispose();
      }
    };
    return { start, hub };
  }

  it('says what all its models take, fetches them with one progress, and is in force with its rules', async () => {
    const { start, hub } = await twoModels();
    const { said, mix } = await start();
    expect(said).toMatch(/Model a is not on this machine yet\..*Model b is not on this machine yet\./s);
    expect(said).toMatch(/memory {3}about 0\.3 GB/);
    expect(said).toMatch(/All together \d+ MB\./);
    expect(said).toContain('All is there.');
    expect(mix?.experts.filter(({ active }) => active)).toMatchObject([
      { id: 'a', weight: 2 },
      { id: 'b', weight: 2 },
    ]);
    expect(mix).toMatchObject({ weighting: 'fixed', surfaces: { completion: { weights: { b: 0 } } } });
    const asked = hub.asked.length;
    const again = await start({ choices: { offline: true } });
    expect(again.said).not.toContain('not on this machine');
    expect(hub.asked).toHaveLength(asked);
  });

  it('asks for none of them where nobody agrees', async () => {
    const { start, hub } = await twoModels();
    const { said, mix } = await start({ consent: 'ask' });
    expect(said).toContain('Nothing is fetched');
    expect(mix?.experts.filter(({ active }) => active).map(({ id }) => id)).toEqual(pocketAnswers.active);
    expect(hub.asked).toEqual([]);
  });

  it('is refused by name where there is none such', async () => {
    const { start } = await twoModels();
    await expect(start({ mix: 'huge' })).rejects.toThrow(
      "There is no mix 'huge'; there are pocket, tiny, both.",
    );
  });
});

describe('the unit tests', () => {
  it('fetch nothing unless they say so', async () => {
    const engine = createEngine({ programs, cacheFolder: temporaryFolder() });
    const outcome = await engine.obtain({ kind: 'fetch', model: TINY_BASE, choices: {} });
    await engine.dispose();
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'offline' } });
  });
});

describe('a conversion in a script', () => {
  it('is said to who watches, and to nobody else', () => {
    const state = (progress: number): ExpertStatus => ({
      id: 'mine',
      state: { kind: 'loading', progress, stage: 'converting' },
    });
    const notesOf = (isTTY: boolean): string => {
      const out = terminal(isTTY);
      const tell = conversionNotes(out);
      for (const statuses of [
        [state(0.1)],
        [state(0.4)],
        [{ id: 'mine', state: { kind: 'off' } } as const],
        [],
      ])
        tell(statuses);
      return String(out.read() ?? '');
    };
    expect(notesOf(false)).toBe('');
    expect(notesOf(true)).toMatch(/ 40 % {2}converting mine, once.*Converted\.\n$/s);
  });
});

describe('the time to the first token', () => {
  it('is told by stage', () => {
    const stages = [
      { name: 'install', ms: 3210 },
      { name: 'prefill', ms: 90 },
    ];
    expect(stagesText(stages)).toBe('First token after 3.3 s: install 3.2 s, prefill 0.1 s');
  });
});
