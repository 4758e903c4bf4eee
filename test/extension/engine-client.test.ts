import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EngineClient, type EngineClientOptions } from '../../src/extension/engine-client.ts';
import { type EngineProcess, forkEngine } from '../../src/extension/engine-process.ts';
import type { GenerateOutcome, GenerateRequest, MixSetting } from '../../src/protocol/engine.ts';

const script = fileURLToPath(new URL('./fixtures/fake-engine.cjs', import.meta.url));

const mixOf = (...ids: string[]): MixSetting => ({
  experts: ids.map((id) => ({ id, folder: `/models/${id}`, precision: 'auto', active: true, weight: 1 })),
  pool: { kind: 'linear' },
  weighting: 'fixed',
});

const ask = (text: string): GenerateRequest => ({
  surface: 'chat',
  prompt: { kind: 'text', text },
  maxTokens: 8,
  sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, seed: 1 },
  stop: [],
  accelerate: 'none',
  trace: false,
});

const shown = (outcome: GenerateOutcome): string =>
  outcome.kind === 'generated' ? `${outcome.result.stop}: ${outcome.result.text}` : outcome.failure.code;

interface Bench {
  readonly client: EngineClient;
  readonly forked: EngineProcess[];
  readonly lines: string[];
  readonly waits: number[];
  readonly states: string[];
}

const benches: Bench[] = [];

function bench(plan = '', options: Partial<EngineClientOptions> = {}): Bench {
  const forked: EngineProcess[] = [];
  const lines: string[] = [];
  const waits: number[] = [];
  const states: string[] = [];
  const keep = (text: string): void => {
    lines.push(text);
  };
  const client = new EngineClient({
    fork: () => {
      const child = forkEngine(script, keep, plan === '' ? [] : [plan]);
      forked.push(child);
      return child;
    },
    mix: mixOf('pocket/code'),
    log: { info: keep, warn: keep, error: keep },
    now: () => 0,
    pause: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  client.onChange(({ state }) => {
    if (states.at(-1) !== state.kind) states.push(state.kind);
  });
  const made = { client, forked, lines, waits, states };
  benches.push(made);
  return made;
}

const alive = (child: EngineProcess | undefined): boolean => {
  try {
    return child?.pid !== undefined && process.kill(child.pid, 0);
  } catch {
    return false;
  }
};

afterEach(async () => {
  await Promise.all(benches.splice(0).map(({ client }) => client.dispose()));
});

describe('the engine client', () => {
  it('starts no engine before it is needed, and one only', async () => {
    const { client, forked, states } = bench();
    client.configure(mixOf('pocket/math'));
    expect(forked).toHaveLength(0);
    expect(client.snapshot.state.kind).toBe('idle');
    expect(
      await Promise.all([client.generate(ask('a')), client.generate(ask('b'))]).then((all) => all.map(shown)),
    ).toEqual(['end: a', 'end: b']);
    expect(forked).toHaveLength(1);
    expect(states).toEqual(['starting', 'ready']);
  });

  it('ends an engine whose experts were unloaded, says so, and starts one with the next request', async () => {
    const { client, forked, lines, states } = bench();
    await client.generate(ask('unloaded'));
    await vi.waitFor(() => expect(client.snapshot.state.kind).toBe('idle'));
    expect(client.snapshot.experts).toEqual([{ id: 'pocket/code', state: { kind: 'unloaded' } }]);
    await forked[0]?.ended;
    expect(lines.join()).toContain('not used for a while');
    expect(shown(await client.generate(ask('again')))).toBe('end: again');
    expect(forked).toHaveLength(2);
    expect(states).toEqual(['starting', 'ready', 'idle', 'starting', 'ready']);
  });

  it('does not end it under a request that came meanwhile', async () => {
    const { client, forked } = bench();
    await client.generate(ask('unloaded'));
    const stop = new AbortController();
    const next = client.generate(ask('stream'), { signal: stop.signal });
    await vi.waitFor(() => expect(client.snapshot.experts[0]?.state.kind).toBe('unloaded'));
    stop.abort();
    expect(shown(await next)).toMatch(/^cancelled/);
    expect(client.snapshot.state.kind).toBe('ready');
    expect(forked).toHaveLength(1);
  });

  it('runs the engine as plain Node with telemetry off and binary messages', async () => {
    const { client } = bench();
    expect(shown(await client.generate(ask('telemetry')))).toBe('end: 11');
    const bytes = await client.generate(ask('bytes'));
    expect(bytes).toMatchObject({ result: { text: new Uint8Array([1, 2, 3]) } });
  });

  it('asks for advice, passes on how far it is, and does not wait for one that was cancelled', async () => {
    const { client } = bench();
    const stages: string[] = [];
    const onUpdate = ({ stage }: { readonly stage: string }): number => stages.push(stage);
    const texts = [{ name: 'a', text: 'const a = 1;' }];
    expect(await client.advise({ texts, memoryLimit: 7 }, { onUpdate })).toMatchObject({
      kind: 'advised',
      advice: { memoryLimit: 7, sample: { texts: 1 } },
    });
    expect(stages).toEqual(['reading']);
    const signal = AbortSignal.timeout(50);
    expect(await client.advise({ texts: [], memoryLimit: 7 }, { signal })).toMatchObject({
      kind: 'failed',
      failure: { code: 'cancelled' },
    });
  });

  it('sends the mix first and again when it changes, also while the engine starts', async () => {
    const { client, lines } = bench('slow');
    const first = client.generate(ask('a'));
    await vi.waitFor(() => expect(lines).toContain('configured pocket/code'));
    client.configure(mixOf('pocket/math'));
    client.configure(mixOf('pocket/math'));
    await first;
    const outcome = await client.generate(ask('b'));
    expect(outcome).toMatchObject({ result: { weights: { 'pocket/math': 1 } } });
    expect(lines.filter((line) => line.startsWith('configured'))).toEqual([
      'configured pocket/code',
      'configured pocket/math',
    ]);
  });

  it("passes on the experts' states and the engine's log", async () => {
    const { client, lines } = bench();
    await client.generate(ask('a'));
    await vi.waitFor(() =>
      expect(client.snapshot.experts).toEqual([
        { id: 'pocket/code', state: { kind: 'loading', progress: 0.5 } },
      ]),
    );
    expect(lines).toContain('loading');
  });

  it('streams, and gives what there is when cancelled', async () => {
    const { client } = bench();
    const controller = new AbortController();
    const outcome = await client.generate(ask('stream'), {
      signal: controller.signal,
      onUpdate: ({ tokens }) => {
        if (tokens === 3) controller.abort();
      },
    });
    expect(shown(outcome)).toMatch(/^cancelled: xxx/);
  });

  it('answers a cancelled request while the engine still starts', async () => {
    const { client } = bench('slow');
    const start = Date.now();
    expect(shown(await client.generate(ask('a'), { signal: AbortSignal.timeout(50) }))).toBe('cancelled');
    expect(Date.now() - start).toBeLessThan(350);
  });

  it('starts nothing for a request that was cancelled before', async () => {
    const { client, forked } = bench();
    expect(shown(await client.generate(ask('a'), { signal: AbortSignal.abort() }))).toBe('cancelled');
    expect(forked).toHaveLength(0);
  });

  it('does not wait for an engine that never answers a cancelled request', async () => {
    const { client } = bench();
    expect(shown(await client.generate(ask('ignore'), { signal: AbortSignal.timeout(50) }))).toBe(
      'cancelled',
    );
  });
});

describe('an engine that crashes', () => {
  const message = 'The engine stopped unexpectedly (signal SIGKILL). It restarts with your next request.';

  it('fails what is under way with one clear message, and starts again with the next request', async () => {
    const { client, forked, lines, states } = bench();
    const outcomes = await Promise.all([
      client.generate(ask('stream'), { onUpdate: ({ tokens }) => tokens === 3 && forked[0]?.kill() }),
      client.generate(ask('stream')),
    ]);
    const failed = { kind: 'failed', failure: { code: 'engine-exited', message } };
    expect(outcomes).toEqual([failed, failed]);
    expect(lines.filter((line) => line === message)).toHaveLength(1);
    expect(client.snapshot).toMatchObject({
      state: { kind: 'restarting', failure: { message } },
      experts: [],
    });
    expect(forked).toHaveLength(1);
    expect(shown(await client.generate(ask('again')))).toBe('end: again');
    expect(forked).toHaveLength(2);
    expect(states).toEqual(['starting', 'ready', 'restarting', 'starting', 'ready']);
  });

  it('names the exit code where there is no signal', async () => {
    const { client } = bench();
    expect(await client.generate(ask('exit'))).toMatchObject({
      failure: {
        message: 'The engine stopped unexpectedly (exit code 3). It restarts with your next request.',
      },
    });
  });

  it('waits longer after each crash and gives up after five in three minutes', async () => {
    const { client, forked, waits } = bench();
    for (let crash = 0; crash < 5; crash++) await client.generate(ask('die'));
    expect(waits).toEqual([500, 1000, 2000, 4000]);
    expect(client.snapshot.state).toMatchObject({ kind: 'failed', failure: { code: 'engine-exited' } });
    const refused = await client.generate(ask('a'));
    expect(refused).toMatchObject({
      kind: 'failed',
      failure: { message: expect.stringContaining('Chorus: Restart Engine') },
    });
    expect(forked).toHaveLength(5);
    await client.restart();
    expect(client.snapshot.state.kind).toBe('ready');
    expect(shown(await client.generate(ask('a')))).toBe('end: a');
  });

  it('does not give up when the crashes are far apart', async () => {
    let now = 0;
    const { client } = bench('', { now: () => now });
    for (let crash = 0; crash < 6; crash++) {
      await client.generate(ask('die'));
      now += 60_000;
    }
    expect(client.snapshot.state.kind).toBe('restarting');
  });

  it('gives up on one that dies while it starts', async () => {
    const { client } = bench('crash-at-start');
    for (let crash = 0; crash < 5; crash++)
      expect(shown(await client.generate(ask('a')))).toBe('engine-exited');
    expect(client.snapshot.state.kind).toBe('failed');
  });
});

describe('ending the engine', () => {
  it('restarts on command and fails what is under way', async () => {
    const { client, forked } = bench();
    let streaming = false;
    const under = client.generate(ask('stream'), {
      onUpdate: () => {
        streaming = true;
      },
    });
    await vi.waitFor(() => expect(streaming).toBe(true));
    await client.restart();
    expect(await under).toMatchObject({
      failure: { code: 'engine-exited', message: expect.stringContaining('restarted') },
    });
    expect(forked).toHaveLength(2);
    expect(client.snapshot.state.kind).toBe('ready');
    await vi.waitFor(() => expect(alive(forked[0])).toBe(false));
  });

  it('kills one that does not end when it is hung up', async () => {
    const { client, forked } = bench('deaf');
    await client.generate(ask('a'));
    const start = Date.now();
    await client.dispose();
    expect(Date.now() - start).toBeLessThan(1000);
    await vi.waitFor(() => expect(alive(forked[0])).toBe(false));
    expect(shown(await client.generate(ask('a')))).toBe('engine-exited');
    expect(forked).toHaveLength(1);
  });

  it('ends an engine that is stuck, says so, and answers the next request with a new one', async () => {
    const { client, lines } = bench('', { patience: { everyMs: 50, answerMs: 1000 } });
    expect(shown(await client.generate(ask('spin')))).toBe('engine-exited');
    expect(lines.join('\n')).toMatch(/no sign of life/);
    expect(shown(await client.generate(ask('again')))).toBe('end: again');
  });

  it('sees that it is stuck while every request is cancelled, as ghost text is at each key', async () => {
    const { client, lines } = bench('', { patience: { everyMs: 50, answerMs: 600 } });
    // There before it is stuck: a slow machine takes longer to start it than the requests wait.
    await client.generate(ask('a'));
    void client.generate(ask('spin'), { signal: AbortSignal.timeout(200) });
    for (let i = 0; i < 6; i++) await client.generate(ask('x'), { signal: AbortSignal.timeout(200) });
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(/no sign of life/), 5000);
    expect(shown(await client.generate(ask('again')))).toBe('end: again');
  });

  it('leaves a slow engine alone that still gives signs of life (negative control)', async () => {
    const { client } = bench('', { patience: { everyMs: 20, answerMs: 300 } });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 600);
    expect(shown(await client.generate(ask('stream'), { signal: controller.signal }))).toMatch(
      /^cancelled: x+/,
    );
  });
});
