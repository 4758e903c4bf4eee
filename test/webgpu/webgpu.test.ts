/** A pocket expert on WebGPU, on whatever driver the environment names (scripts/webgpu-test.mjs: SwiftShader). */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ggufLayout } from '../../src/graph/gguf-layout.ts';
import { readLayout } from '../../src/models/layout.ts';
import type { Decoder } from '../../src/runtime/decoder.ts';
import { createDeviceLock } from '../../src/runtime/device-lock.ts';
import type { DeviceMemory } from '../../src/runtime/device-memory.ts';
import { type LoadedExpert, openExpert } from '../../src/runtime/expert.ts';
import { createDevices } from '../../src/runtime/model-device.ts';
import { openOnDevice, openReference } from '../../src/runtime/open-decoder.ts';
import type { GraphOrder } from '../../src/runtime/worker-messages.ts';
import { tinyGguf } from '../graph/tiny-gguf.ts';
import { tinyModel } from '../graph/tiny-models.ts';
import { pocket, programs, temporaryFolder } from '../programs.ts';
import { modelFolder } from '../runtime/model-folder.ts';
import { lastRows } from '../runtime/opened.ts';

const text = Int32Array.from({ length: 100 }, (_, i) => (i * 37 + ((i * i) % 11)) % 4000);

async function orderOf(name: string, precision: 'fp32' | 'q4'): Promise<GraphOrder> {
  const layout = await readLayout(pocket(name), precision);
  return {
    ...layout,
    cacheFolder: temporaryFolder(),
    keepExport: false,
    threads: 1,
    vocabularySize: layout.vocabularyRows,
    adapters: [null],
  };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, z, x) => Math.max(most, Math.abs(z - (b[x] ?? Number.NaN))), 0);
}

/** Contexts fed to one decoder on the device, each compared with the CPU's answer, which rounds as little. */
async function compareWithCpu(order: GraphOrder, steps: (compare: Compare) => Promise<void>): Promise<void> {
  const on = { device: 'webgpu', lock: createDeviceLock() } as const;
  const device = (await openOnDevice(order, on, () => {})) as Decoder<DeviceMemory>;
  const { decoder: cpu } = await openReference(order, () => {});
  const expected = async (tokens: Int32Array): Promise<Float32Array> => {
    const memory = cpu.createMemory();
    let row = new Float32Array(0);
    for (let start = 0, end = 0; start < tokens.length; start = end) {
      end = cpu.runEnd(start, tokens.length);
      row = Float32Array.from(await cpu.feed(memory, tokens.slice(start, end), 1));
    }
    return row;
  };
  const memory = device.createMemory();
  await steps({
    memory,
    runEnd: device.runEnd,
    async feed(into, fed, context) {
      const row = await device.feed(into, fed, 1);
      expect(into.length).toBe(context.length);
      expect(largestDifference(row, await expected(context))).toBeLessThan(1e-3);
      for (const tensor of Object.values(await into.past())) {
        expect(tensor.location).toBe('gpu-buffer');
        expect(tensor.dims[2]).toBe(context.length);
      }
    },
  });
  memory.dispose();
  await Promise.all([device.release(), cpu.release()]);
}

interface Compare {
  readonly memory: DeviceMemory;
  readonly runEnd: Decoder['runEnd'];
  /** Feeds tokens after which `context` is what was fed. */
  feed(into: DeviceMemory, fed: Int32Array, context: Int32Array): Promise<void>;
}

describe('keys and values on the device', () => {
  it.each(['fp32', 'q4'] as const)(
    'stay there, and going back and branching give the logits of the CPU, in %s',
    async (precision) => {
      await compareWithCpu(await orderOf('code', precision), async ({ memory, feed }) => {
        await feed(memory, text.slice(0, 20), text.slice(0, 20));
        const branch = memory.fork(10);
        memory.truncate(15);
        await feed(memory, text.slice(15, 18), text.slice(0, 18));
        // What the branch began from has gone on meanwhile.
        await feed(branch, Int32Array.of(7, 8), Int32Array.of(...text.slice(0, 10), 7, 8));
        branch.dispose();
        await feed(memory, text.slice(18, 19), text.slice(0, 19));
        memory.truncate(0);
        await feed(memory, text.slice(50, 53), text.slice(50, 53));
      });
    },
  );

  it('take a long prompt in runs that give the logits of the CPU', async () => {
    await compareWithCpu(await orderOf('code', 'fp32'), async ({ memory, feed, runEnd }) => {
      for (let start = 0, end = 0; start < 70; start = end) {
        end = runEnd(start, 70);
        await feed(memory, text.slice(start, end), text.slice(0, end));
      }
    });
  });

  it('stay there too where an export runs as it is', async () => {
    const order = { ...(await orderOf('code', 'fp32')), keepExport: true };
    await compareWithCpu(order, async ({ memory, feed }) => {
      await feed(memory, text.slice(0, 5), text.slice(0, 5));
      memory.truncate(3);
      await feed(memory, text.slice(3, 4), text.slice(0, 4));
    });
  });
});

describe('a model without a graph', () => {
  it('is built, and runs there too', async () => {
    const folder = await modelFolder();
    const order = await orderOf('code', 'fp32');
    const tensors = { format: 'safetensors', folder, graph: join(folder, 'model.safetensors') } as const;
    await compareWithCpu({ ...order, ...tensors }, async ({ memory, feed }) => {
      await feed(memory, text.slice(0, 5), text.slice(0, 5));
      await feed(memory, text.slice(5, 6), text.slice(0, 6));
    });
  });
});

describe('a model some of whose layers see a window', () => {
  it('runs there too, also where a context is longer than the window', async () => {
    const file = join(temporaryFolder(), 'tiny.gguf');
    const model = tinyModel('gemma3');
    writeFileSync(file, tinyGguf(model));
    const cacheFolder = temporaryFolder();
    const layout = await ggufLayout(file, 'fp32', cacheFolder);
    const rest = { cacheFolder, keepExport: false, threads: 1, adapters: [null] };
    const order = { ...layout, ...rest, vocabularySize: layout.vocabularyRows };
    const ids = Int32Array.from(model.tokens);
    await compareWithCpu(order, async ({ memory, feed, runEnd }) => {
      // Of 24 positions.
      for (let start = 0, end = 0; start < 100; start = end) {
        end = runEnd(start, 100);
        await feed(memory, ids.slice(start, end), ids.slice(0, end));
      }
      memory.truncate(40);
      await feed(memory, ids.slice(40, 41), ids.slice(0, 41));
    });
  });
});

describe('an expert on WebGPU', () => {
  const cache = mkdtempSync(join(tmpdir(), 'chorus-'));
  const flags = ['--expert', 'pocket/math', '--precision', 'fp32', '--message', 'What is 17 + 25?'];
  const generate = (env: object, ...more: string[]) => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(programs, 'cli.js'), 'generate', ...flags, '--max-tokens', '3', ...more],
      { encoding: 'utf8', env: { ...process.env, CHORUS_CACHE: cache, ...env } },
    );
    expect([status, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  const open = (device: 'cpu' | 'webgpu'): Promise<LoadedExpert> =>
    openExpert({
      name: 'math',
      folder: pocket('math'),
      precision: 'fp32',
      threads: 1,
      workerFile: join(programs, 'worker.js'),
      cacheFolder: cache,
      device,
      devices: createDevices({
        checkProgram: join(programs, 'device-check.js'),
        cacheFolder: cache,
        log: () => {},
      }),
    });
  afterAll(() => rmSync(cache, { recursive: true, force: true }));

  it('runs there after a check, and two at once answer as on the CPU', async () => {
    const experts = [await open('webgpu'), await open('webgpu'), await open('cpu')];
    expect(experts.map(({ device, deviceReason }) => deviceReason ?? device)).toEqual([
      'WebGPU',
      'WebGPU',
      'CPU',
    ]);
    const [name = '', ...others] = readdirSync(join(cache, 'devices'));
    expect(others).toEqual([]);
    const { verdict } = JSON.parse(readFileSync(join(cache, 'devices', name), 'utf8'));
    expect(verdict).toMatchObject({ kind: 'passed' });
    for (const length of [12, 13, 10]) {
      const [one, two, cpu] = await Promise.all(
        experts.map((expert) => lastRows(expert, text.slice(0, length), 1)),
      );
      if (one === undefined || two === undefined || cpu === undefined)
        throw new Error('an answer is missing');
      expect(largestDifference(one, cpu)).toBeLessThan(1e-3);
      expect(two).toEqual(one);
    }
    await Promise.all(experts.map((expert) => expert.dispose()));
  });

  it('says in a terminal what ran where, and gives the same text', () => {
    const webgpu = generate({}, '--device', 'webgpu');
    expect(webgpu.devices).toEqual([{ device: 'WebGPU' }]);
    expect(webgpu.text).toBe(generate({}).text);
  });

  it('falls back to the CPU with the reason where there is no adapter', () => {
    const fallen = generate({ VK_ICD_FILENAMES: '/nowhere.json' }, '--device', 'webgpu');
    expect(fallen.devices).toEqual([
      { device: 'CPU', reason: expect.stringMatching(/^WebGPU cannot be used: .*adapter/) },
    ]);
    expect(fallen.text).toBe(generate({}).text);
  });
});
