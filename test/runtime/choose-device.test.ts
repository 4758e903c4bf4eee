import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Device, DeviceSetting } from '../../src/protocol/engine.ts';
import {
  type ChooserOptions,
  createDeviceChooser,
  type DeviceQuestion,
  LEAST_BYTES,
} from '../../src/runtime/choose-device.ts';
import { createVerdicts, type VerdictKey } from '../../src/runtime/device-verdicts.ts';
import { devicesOf, providersOf } from '../../src/runtime/devices.ts';
import type { CheckOutcome } from '../../src/runtime/self-check.ts';
import { temporaryFolder } from '../programs.ts';

const windows = { system: 'win32', arch: 'x64' };
const fast: CheckOutcome = {
  kind: 'passed',
  device: { tokenMs: 3, readMs: 0.5 },
  cpu: { tokenMs: 9, readMs: 4 },
  difference: 0.001,
};
const slow: CheckOutcome = {
  kind: 'passed',
  device: { tokenMs: 12, readMs: 4 },
  cpu: { tokenMs: 9, readMs: 4 },
  difference: 0.001,
};
const wrong: CheckOutcome = { kind: 'refused', why: 'gives other logits than the CPU' };

function chooserIn(folder: string, change: Partial<ChooserOptions> = {}) {
  const logged: string[] = [];
  const chooser = createDeviceChooser({
    platform: windows,
    verdicts: createVerdicts(folder),
    driver: async () => 'driver 1',
    runtime: '1.30.0',
    now: () => 1_000_000,
    process: 4242,
    isAlive: () => false,
    log: (text) => logged.push(text),
    ...change,
  });
  return { ...chooser, logged };
}

/** Asks with these outcomes of checks; `tried` says which devices were checked. */
function question(wanted: DeviceSetting, outcomes: Partial<Record<Device, CheckOutcome>>) {
  const tried: Device[] = [];
  const asked: DeviceQuestion = {
    wanted,
    precision: 'q4',
    graph: 'a graph',
    graphBytes: LEAST_BYTES,
    check: async (device) => {
      tried.push(device);
      return outcomes[device] ?? { kind: 'refused', why: 'found no adapter' };
    },
  };
  return { ...asked, tried };
}

const key: VerdictKey = {
  device: 'webgpu',
  driver: 'driver 1',
  runtime: '1.30.0',
  precision: 'q4',
  graph: 'a graph',
};

describe('the devices of a platform', () => {
  it('end with the CPU everywhere, and each can be opened', () => {
    for (const system of ['linux', 'win32', 'darwin', 'freebsd']) {
      for (const arch of ['x64', 'arm64', 'riscv64']) {
        const devices = devicesOf({ system, arch });
        expect(devices.at(-1)).toBe('cpu');
        for (const device of devices) expect(providersOf(device).at(-1)).toBe('cpu');
      }
    }
    expect(devicesOf({ system: 'linux', arch: 'arm64' })).toEqual(['cpu']);
  });
});

describe('the choice of a device', () => {
  it('is the fastest that passes and is faster than the CPU; of two as fast the first', async () => {
    const asked = question('auto', { webgpu: fast, directml: fast });
    expect(await chooserIn(temporaryFolder()).choose(asked)).toEqual({
      device: 'webgpu',
      reason:
        'faster in a check: 3.00 ms a token and 0.50 ms for each that it reads, the CPU 9.00 ms a token and 4.0 ms for each that it reads',
    });
    expect(asked.tried).toEqual(['webgpu', 'directml']);
    const faster = { ...fast, device: { tokenMs: 2, readMs: 0.5 } };
    const other = question('auto', { webgpu: fast, directml: faster });
    expect((await chooserIn(temporaryFolder()).choose(other)).device).toBe('directml');
  });

  it('may be one that draws a little slower and reads much faster, in runs as long as it was compared for', async () => {
    const reader: CheckOutcome = {
      kind: 'passed',
      device: { tokenMs: 10, readMs: 0.1 },
      cpu: { tokenMs: 9, readMs: 1.3 },
      difference: 0.001,
      longestRun: 256,
    };
    const chosen = await chooserIn(temporaryFolder()).choose(question('auto', { webgpu: reader }));
    expect(chosen).toMatchObject({ device: 'webgpu', longestRun: 256 });
    const asked = await chooserIn(temporaryFolder()).choose(question('webgpu', { webgpu: reader }));
    expect(asked).toEqual({ device: 'webgpu', reason: undefined, longestRun: 256 });
  });

  it('goes on to the next where one gives wrong logits', async () => {
    const asked = question('auto', { webgpu: wrong, directml: fast });
    expect((await chooserIn(temporaryFolder()).choose(asked)).device).toBe('directml');
    expect(asked.tried).toEqual(['webgpu', 'directml']);
  });

  it('is the CPU with every reason where none is better', async () => {
    const asked = question('auto', { webgpu: slow });
    expect(await chooserIn(temporaryFolder()).choose(asked)).toEqual({
      device: 'cpu',
      reason:
        'WebGPU is not faster: 12.0 ms a token and 4.0 ms for each that it reads, the CPU 9.00 ms a token and 4.0 ms for each that it reads; DirectML found no adapter',
    });
  });

  it('is what was asked for where it is right, though it be slower', async () => {
    expect(await chooserIn(temporaryFolder()).choose(question('webgpu', { webgpu: slow }))).toEqual({
      device: 'webgpu',
      reason: undefined,
    });
    const refused = await chooserIn(temporaryFolder()).choose(question('webgpu', { webgpu: wrong }));
    expect(refused).toEqual({ device: 'cpu', reason: 'WebGPU gives other logits than the CPU' });
  });

  it('is the CPU with a reason where the platform has no such device, which is not tried', async () => {
    const asked = question('cuda', { cuda: fast });
    expect(await chooserIn(temporaryFolder()).choose(asked)).toEqual({
      device: 'cpu',
      reason: 'ONNX Runtime has no CUDA for win32 on x64',
    });
    expect(asked.tried).toEqual([]);
  });

  it('tries nothing for the CPU, nor by itself for a small model', async () => {
    const cpu = question('cpu', { webgpu: fast });
    const small = { ...question('auto', { webgpu: fast }), graphBytes: LEAST_BYTES - 1 };
    const smallOnPurpose = { ...question('webgpu', { webgpu: fast }), graphBytes: LEAST_BYTES - 1 };
    const { choose } = chooserIn(temporaryFolder());
    expect(await choose(cpu)).toEqual({ device: 'cpu', reason: undefined });
    expect(await choose(small)).toMatchObject({ device: 'cpu', reason: expect.stringContaining('small') });
    expect([...cpu.tried, ...small.tried]).toEqual([]);
    expect((await choose(smallOnPurpose)).device).toBe('webgpu');
  });

  it('always comes with a reason where it is not what was asked for', async () => {
    const outcome = fc.constantFrom<CheckOutcome>(fast, slow, wrong);
    const device = fc.constantFrom<Device>('webgpu', 'cuda', 'directml', 'coreml');
    await fc.assert(
      fc.asyncProperty(device, outcome, outcome, async (wanted, webgpu, directml) => {
        const { choose } = chooserIn(temporaryFolder(), {
          verdicts: { read: async () => undefined, write: async () => {} },
        });
        const chosen = await choose(question(wanted, { webgpu, directml }));
        expect(chosen.device === wanted || (chosen.device === 'cpu' && chosen.reason !== undefined)).toBe(
          true,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('a verdict', () => {
  it('is remembered, also by another process', async () => {
    const folder = temporaryFolder();
    for (const outcome of [wrong, fast]) {
      const graph = outcome.kind;
      const first = { ...question('webgpu', { webgpu: outcome }), graph };
      const again = { ...question('webgpu', { webgpu: slow }), graph };
      const chosen = await chooserIn(folder).choose(first);
      expect(await chooserIn(folder, { process: 7 }).choose(again)).toEqual(chosen);
      expect([first.tried, again.tried]).toEqual([['webgpu'], []]);
    }
  });

  it('holds for one driver, runtime, graph and precision', async () => {
    const folder = temporaryFolder();
    await chooserIn(folder).choose(question('webgpu', { webgpu: wrong }));
    const others = [
      [chooserIn(folder, { driver: async () => 'driver 2' }), question('webgpu', { webgpu: fast })],
      [chooserIn(folder, { runtime: '1.31.0' }), question('webgpu', { webgpu: fast })],
      [chooserIn(folder), { ...question('webgpu', { webgpu: fast }), graph: 'another' }],
      [chooserIn(folder), { ...question('webgpu', { webgpu: fast }), precision: 'fp32' }],
    ] as const;
    for (const [chooser, asked] of others) expect((await chooser.choose(asked)).device).toBe('webgpu');
    expect((await chooserIn(folder).choose(question('webgpu', { webgpu: fast }))).device).toBe('cpu');
  });

  it('that is damaged is made anew', async () => {
    const folder = temporaryFolder();
    for (const damage of ['{', '[]', '{"verdict": {"kind": "passed", "difference": -1}}', '']) {
      await chooserIn(folder).choose(question('webgpu', { webgpu: wrong }));
      for (const name of readdirSync(folder)) writeFileSync(join(folder, name), damage);
      expect((await chooserIn(folder).choose(question('webgpu', { webgpu: fast }))).device).toBe('webgpu');
      for (const name of readdirSync(folder)) writeFileSync(join(folder, name), damage);
    }
  });

  it('is written before a check: who is gone after it was refused', async () => {
    const folder = temporaryFolder();
    await new Promise<void>((begun) => {
      const check = (): Promise<CheckOutcome> => {
        begun();
        return new Promise(() => {});
      };
      void chooserIn(folder).choose({ ...question('webgpu', {}), check });
    });
    expect(await createVerdicts(folder).read(key)).toMatchObject({ kind: 'trying', process: 4242 });
    const next = question('webgpu', { webgpu: fast });
    const chosen = await chooserIn(folder, { process: 4243 }).choose(next);
    expect(chosen).toEqual({ device: 'cpu', reason: 'WebGPU ended the process that tried it' });
    expect(next.tried).toEqual([]);
    expect(await createVerdicts(folder).read(key)).toMatchObject({ kind: 'refused' });
  });

  it('of a check that another living process is at is waited for without a refusal, unless it takes too long', async () => {
    const folder = temporaryFolder();
    const verdicts = createVerdicts(folder);
    await verdicts.write(key, { kind: 'trying', process: 1, since: 1_000_000 });
    const isAlive = (id: number): boolean => id === 1;
    const during = await chooserIn(folder, { isAlive }).choose(question('webgpu', { webgpu: fast }));
    expect(during.reason).toMatch(/another process/);
    expect(await verdicts.read(key)).toMatchObject({ kind: 'trying' });
    const later = chooserIn(folder, { isAlive, now: () => 1_000_000 + 3_600_000 });
    expect((await later.choose(question('webgpu', { webgpu: fast }))).reason).toMatch(/ended the process/);
  });

  it('that cannot be written down keeps the device from being tried', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const asked = question('webgpu', { webgpu: fast });
    const chosen = await chooserIn(join(file, 'folder')).choose(asked);
    expect(chosen).toMatchObject({ device: 'cpu', reason: expect.stringContaining('WebGPU was not tried') });
    expect(asked.tried).toEqual([]);
  });

  it('is overruled by a failure after it', async () => {
    const folder = temporaryFolder();
    const chooser = chooserIn(folder);
    const asked = question('webgpu', { webgpu: fast });
    expect((await chooser.choose(asked)).device).toBe('webgpu');
    await chooser.refuse(asked, 'webgpu', 'lost its device');
    expect(await chooser.choose(asked)).toEqual({ device: 'cpu', reason: 'WebGPU lost its device' });
  });
});

it('checks run one after the other', async () => {
  let running = 0;
  let most = 0;
  const { choose } = chooserIn(temporaryFolder());
  const asked = (graph: string) => ({
    ...question('webgpu', {}),
    graph,
    check: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return fast;
    },
  });
  await Promise.all(['a', 'b', 'c'].map((graph) => choose(asked(graph))));
  expect(most).toBe(1);
});
