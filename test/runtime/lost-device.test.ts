/** A device that passed its check and fails later, with a thread that only says so. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/protocol/engine.ts';
import { createGroups, type GroupModel, type Seat } from '../../src/runtime/group.ts';
import type { Devices } from '../../src/runtime/model-device.ts';
import type { SharedBuffers } from '../../src/runtime/worker-messages.ts';
import { temporaryFolder } from '../programs.ts';

/** Runs fail on WebGPU, and everywhere where the name of the graph says so. */
const worker = `
const { parentPort } = require('node:worker_threads');
let loaded;
parentPort.on('message', (order) => {
  if (order.kind === 'load') {
    loaded = order;
    parentPort.postMessage({ kind: 'loaded', device: order.device });
  } else if (order.kind === 'run') {
    const fails = loaded.device === 'webgpu' || loaded.graph === 'broken';
    parentPort.postMessage(fails
      ? { kind: 'failed', failure: { code: 'internal', message: 'device lost' } }
      : { kind: 'ran', cancelled: false, reused: 0, cacheBytes: 0 });
  } else {
    parentPort.postMessage({ kind: 'closed' });
    parentPort.close();
  }
});`;

function chooser() {
  const refused: (readonly [Device, string])[] = [];
  const devices: Devices = {
    choose: async () =>
      refused.length === 0
        ? { device: 'webgpu', reason: undefined }
        : { device: 'cpu', reason: `WebGPU ${refused[0]?.[1]}` },
    refuse: async (device, _model, why) => {
      refused.push([device, why]);
    },
  };
  return { devices, refused };
}

async function seatOf(graph: string, devices: Devices, adapter: string | null = null): Promise<Seat> {
  const file = join(temporaryFolder(), 'worker.cjs');
  writeFileSync(file, worker);
  const model = { graph, precision: 'q4', keepExport: false, wanted: 'webgpu' } as GroupModel;
  const seat = createGroups(file, devices).seat(model, adapter);
  await seat.open({
    shared: {} as SharedBuffers,
    vocabularySize: 1,
    threads: 1,
    onGone: () => {},
    onProgress: () => {},
  });
  return seat;
}

const order = { length: 1, rows: 1, scoreFrom: 1 };

describe('an expert whose device fails', () => {
  it('is answered by the CPU, which says why, and the device is refused from then on', async () => {
    const { devices, refused } = chooser();
    const seat = await seatOf('good', devices);
    expect(seat.device()).toMatchObject({ device: 'webgpu', reason: undefined });
    expect(await seat.run(order, () => {})).toMatchObject({ kind: 'ran' });
    expect(refused).toEqual([['webgpu', 'failed while it ran: device lost']]);
    const reason = 'WebGPU failed while it ran: device lost';
    expect(seat.device()).toMatchObject({ device: 'cpu', reason });
    await seat.leave();
  });

  it('fails where the CPU does not answer either, and once', async () => {
    const { devices, refused } = chooser();
    const seat = await seatOf('broken', devices);
    await expect(seat.run(order, () => {})).rejects.toThrow('device lost');
    await expect(seat.run(order, () => {})).rejects.toThrow('device lost');
    expect(refused).toHaveLength(1);
    await seat.leave();
  });

  it('is no adapter: those run on the CPU and say so', async () => {
    const seat = await seatOf('good', chooser().devices, '/an/adapter');
    expect(seat.device()).toMatchObject({ device: 'cpu', reason: 'adapters run on the CPU' });
    await seat.leave();
  });
});
