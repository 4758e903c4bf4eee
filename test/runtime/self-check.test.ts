import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkInProcess } from '../../src/runtime/check-process.ts';
import type { Decoder, Memory } from '../../src/runtime/decoder.ts';
import { type CheckOutcome, reasonOf, selfCheck, TOLERANCE } from '../../src/runtime/self-check.ts';
import { temporaryFolder } from '../programs.ts';

const VOCABULARY = 50;

interface ToyMemory extends Memory {
  tokens: number[];
}

/** Logits that follow from the tokens; `change` is what a device makes of them, `cost` the ms of each run on the clock. */
function toy(
  clock: { now: number },
  cost: number,
  change: (z: number, x: number) => number = (z) => z,
  { window, seen = Number.POSITIVE_INFINITY }: { window?: number; seen?: number } = {},
) {
  const state = { released: 0, disposed: 0 };
  const decoder: Decoder<ToyMemory> = {
    createMemory: () => ({
      tokens: [],
      bytes: 0,
      get length() {
        return this.tokens.length;
      },
      truncate(kept) {
        this.tokens.length = kept;
      },
      fork() {
        return this;
      },
      dispose() {
        state.disposed++;
      },
    }),
    window,
    runEnd: (from, to) => Math.min(to, from + 16),
    async feed(memory, tokens) {
      clock.now += cost;
      memory.tokens.push(...tokens);
      const first = memory.tokens.length - seen;
      const sum = memory.tokens.reduce((a, token, i) => (i < first ? a : a + token * (i + 1)), 0);
      return Float32Array.from({ length: VOCABULARY }, (_, x) => change(Math.sin(sum + x * x), x));
    },
    async release() {
      state.released++;
    },
  };
  return { decoder, state };
}

async function check(
  change: (z: number, x: number) => number,
  { cost = 1, tolerance = TOLERANCE.full as number } = {},
): Promise<CheckOutcome> {
  const clock = { now: 0 };
  const [device, cpu, reference] = [toy(clock, cost, change), toy(clock, 2), toy(clock, 9)];
  const outcome = await selfCheck({
    openDevice: async () => device.decoder,
    openReference: async () => ({ decoder: reference.decoder, tolerance }),
    openCpu: async () => cpu.decoder,
    vocabulary: VOCABULARY,
    clock: () => clock.now,
  });
  expect([device, reference].map(({ state }) => state.released)).toEqual([1, 1]);
  // Its time is of no use where the device is refused.
  expect(cpu.state.released).toBe(outcome.kind === 'passed' ? 1 : 0);
  expect(device.state.disposed).toBeGreaterThan(0);
  return outcome;
}

describe('a self-check', () => {
  it('passes a device that answers as the CPU does, and gives both times', async () => {
    expect(await check((z) => z)).toEqual({
      kind: 'passed',
      // Of 24 tokens in two runs.
      device: { tokenMs: 1, readMs: 2 / 24 },
      cpu: { tokenMs: 2, readMs: 4 / 24 },
      difference: 0,
    });
    expect(await check((z, x) => z + (x % 2) * 0.001, { cost: 5 })).toMatchObject({
      kind: 'passed',
      device: { tokenMs: 5 },
    });
  });

  it.each<[string, (z: number, x: number) => number, RegExp]>([
    ['gives other logits', (z, x) => (x === 3 ? z + 0.5 : z), /other logits/],
    ['gives no numbers', (z, x) => (x === 3 ? Number.NaN : z), /no numbers/],
    ['gives infinity', (z, x) => (x === 3 ? Number.NEGATIVE_INFINITY : z), /no numbers/],
    ['gives the same for all', () => 0, /other logits/],
    [
      'throws when it runs',
      () => {
        throw new Error('device lost');
      },
      /fails when it runs: device lost/,
    ],
  ])('refuses a device that %s', async (_what, change, why) => {
    expect(await check(change)).toMatchObject({ kind: 'refused', why: expect.stringMatching(why) });
  });

  it('refuses another token though the logits be near, and allows one of two that are as good', async () => {
    const flat = (z: number, x: number): number => (x === 3 ? 1.1 : z);
    expect(await check(flat, { tolerance: 10 })).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/another token/),
    });
  });

  it('passes a device that answers as the reference does, whatever the CPU in use makes of it', async () => {
    const rounded = (z: number, x: number): number => z + (x % 2) * 0.3;
    const clock = { now: 0 };
    const judge = (device: typeof rounded) =>
      selfCheck({
        openDevice: async () => toy(clock, 1, device).decoder,
        openReference: async () => ({ decoder: toy(clock, 9).decoder, tolerance: TOLERANCE.quantised }),
        openCpu: async () => toy(clock, 2, rounded).decoder,
        vocabulary: VOCABULARY,
        clock: () => clock.now,
      });
    expect(await judge((z) => z)).toMatchObject({ kind: 'passed', difference: 0, cpu: { tokenMs: 2 } });
    expect(await judge(rounded)).toMatchObject({ kind: 'refused' });
  });

  it('has the longest run of the device read, for which that may take another kernel', async () => {
    const clock = { now: 0 };
    const [device, cpu] = [toy(clock, 1), toy(clock, 2)];
    const lengths: number[] = [];
    const feed: typeof device.decoder.feed = (memory, tokens, rows) => {
      lengths.push(tokens.length);
      return device.decoder.feed(
        memory,
        tokens.length > 15 ? tokens.map((token) => token + 1) : tokens,
        rows,
      );
    };
    const outcome = await selfCheck({
      openDevice: async () => ({ ...device.decoder, feed }),
      openReference: async () => ({ decoder: cpu.decoder, tolerance: TOLERANCE.full }),
      openCpu: async () => cpu.decoder,
      vocabulary: VOCABULARY,
      clock: () => clock.now,
    });
    expect(lengths.slice(0, 3)).toEqual([16, 8, 1]);
    expect(outcome).toMatchObject({ kind: 'refused', why: expect.stringMatching(/other logits/) });
  });

  it('tries a longer run, and lets the device keep it only where it gives the logits of the CPU', async () => {
    const longer = async (
      feedOf: (feed: Decoder<ToyMemory>['feed']) => Decoder<ToyMemory>['feed'],
      { ms = 1, takesLonger = true } = {},
    ) => {
      const clock = { now: 0 };
      const [device, cpu] = [toy(clock, ms), toy(clock, 2)];
      const outcome = await selfCheck({
        openDevice: async () => ({ ...device.decoder, takesLonger, feed: feedOf(device.decoder.feed) }),
        openReference: async () => ({ decoder: cpu.decoder, tolerance: TOLERANCE.full }),
        openCpu: async () => cpu.decoder,
        vocabulary: VOCABULARY,
        longer: 64,
        clock: () => clock.now,
      });
      expect(device.state.disposed).toBeGreaterThan(0);
      return outcome;
    };
    expect(await longer((feed) => feed)).toMatchObject({
      kind: 'passed',
      device: { tokenMs: 1, readMs: 1 / 64 },
      cpu: { tokenMs: 2, readMs: 8 / 64 },
      longestRun: 64,
    });
    const onlyShort = { kind: 'passed', device: { tokenMs: 1, readMs: 2 / 24 } };
    const wrong = await longer((feed) => (memory, tokens, rows) => {
      return feed(memory, tokens.length > 32 ? tokens.map((token) => token + 1) : tokens, rows);
    });
    const throws = await longer((feed) => (memory, tokens, rows) => {
      return tokens.length > 32 ? Promise.reject(new Error('too long')) : feed(memory, tokens, rows);
    });
    // As where another kernel answers once there is a past.
    const wrongAfterPast = await longer((feed) => (memory, tokens, rows) => {
      const isWrong = tokens.length > 32 && memory.length > 0;
      return feed(memory, isWrong ? tokens.map((token) => token + 1) : tokens, rows);
    });
    const fixed = await longer((feed) => feed, { takesLonger: false });
    for (const outcome of [wrong, throws, wrongAfterPast, fixed]) {
      expect(outcome).toMatchObject(onlyShort);
      expect(outcome).not.toHaveProperty('longestRun');
    }
    // One that would take seconds for it is not asked.
    expect(await longer((feed) => feed, { ms: 500 })).not.toHaveProperty('longestRun');
  });

  it('reads further than the widest window of a layer, which a device could ignore', async () => {
    const windowed = async (window: number, seenByDevice: number) => {
      const clock = { now: 0 };
      const [device, cpu] = [
        toy(clock, 1, (z) => z, { window, seen: seenByDevice }),
        toy(clock, 2, (z) => z, { window, seen: window }),
      ];
      let runs = 0;
      const outcome = await selfCheck({
        openDevice: async () => device.decoder,
        openReference: async () => ({ decoder: cpu.decoder, tolerance: TOLERANCE.full }),
        openCpu: async () => cpu.decoder,
        vocabulary: VOCABULARY,
        clock: () => clock.now,
        working: () => runs++,
      });
      return { ...outcome, runs };
    };
    expect(await windowed(200, 200)).toMatchObject({ kind: 'passed', runs: 98 });
    expect(await windowed(200, Number.POSITIVE_INFINITY)).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/other logits/),
    });
    expect(await windowed(4096, 4096)).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(/not compared beyond the 4096 tokens/),
    });
  });

  it('does not load the CPU where the device cannot be opened', async () => {
    let loaded = false;
    const open = async () => {
      loaded = true;
      return toy({ now: 0 }, 1).decoder;
    };
    const outcome = await selfCheck({
      openDevice: () => Promise.reject(new Error('no adapter\n  found')),
      openReference: async () => ({ decoder: await open(), tolerance: 1 }),
      openCpu: open,
      vocabulary: VOCABULARY,
      clock: () => 0,
    });
    expect(outcome).toEqual({ kind: 'refused', why: 'cannot be used: no adapter found' });
    expect(loaded).toBe(false);
  });
});

it('a reason leaves out where the runtime gave up', () => {
  const thrown = new Error(
    '/onnxruntime_src/core/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const Config&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n',
  );
  expect(reasonOf(thrown)).toBe('Failed to get a WebGPU adapter: No supported adapters');
  expect(reasonOf(new Error('it was false. So there'))).toBe('it was false. So there');
});

describe('the process of a check', () => {
  const run = (code: string, milliseconds?: number): Promise<CheckOutcome> => {
    const program = join(temporaryFolder(), 'program.cjs');
    writeFileSync(program, code);
    const load = {} as Parameters<typeof checkInProcess>[1]['load'];
    return checkInProcess(program, { device: 'webgpu', load }, milliseconds);
  };

  it('answers what it found', async () => {
    const answer = { kind: 'refused', why: 'is webgpu' };
    const code = `process.on('message', ({device}) => process.send({kind: 'refused', why: 'is ' + device}))`;
    expect(await run(code)).toEqual(answer);
  });

  it('may crash, end or hang: the device is refused with the reason', async () => {
    const crash = `process.on('message', () => process.kill(process.pid, 'SIGSEGV'))`;
    expect(await run(crash)).toMatchObject({ kind: 'refused', why: expect.stringMatching(/crashed/) });
    expect(await run('process.exit(3)')).toMatchObject({ why: expect.stringMatching(/crashed.*3/) });
    const hang = `process.on('message', () => { for (;;); })`;
    expect(await run(hang, 300)).toMatchObject({ why: expect.stringMatching(/not done .* within 0.3 s/) });
  });
});
