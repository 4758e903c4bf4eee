/** Chooses the device of a model with what this machine has: its platform, driver, cache folder, and a process for checks. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { env } from 'onnxruntime-common';
import { openBinary } from '../graph/binary-file.ts';
import { isRunning } from '../models/process-life.ts';
import type { Device, DeviceSetting } from '../protocol/engine.ts';
import { checkInProcess } from './check-process.ts';
import { type ChosenDevice, createDeviceChooser } from './choose-device.ts';
import { createVerdicts } from './device-verdicts.ts';
import { deviceNames } from './devices.ts';
import { graphicsDriver } from './driver.ts';
import type { GraphOrder } from './worker-messages.ts';

export interface Devices {
  choose(wanted: DeviceSetting, model: ModelGraph): Promise<ChosenDevice>;
  /** The device failed after its check, and is not used for this model until its driver changes. */
  refuse(device: Device, model: ModelGraph, why: string): Promise<void>;
}

export interface ModelGraph {
  readonly order: GraphOrder;
  readonly graphBytes: number;
}

export interface DevicesOptions {
  /** The bundled self-check, dist/device-check.js. */
  readonly checkProgram: string;
  /** Verdicts are kept in its folder `devices`. */
  readonly cacheFolder: string;
  readonly log: (text: string) => void;
}

/** Of a graph this much is hashed, besides its size: the operators and the first weights. */
const HASHED_BYTES = 1024 * 1024;

export function createDevices({ checkProgram, cacheFolder, log }: DevicesOptions): Devices {
  let driver: Promise<string> | undefined;
  const chooser = createDeviceChooser({
    platform: { system: process.platform, arch: process.arch },
    verdicts: createVerdicts(join(cacheFolder, 'devices')),
    driver: () => {
      driver ??= graphicsDriver();
      return driver;
    },
    runtime: env.versions.common,
    now: () => Date.now(),
    process: process.pid,
    isAlive: isRunning,
    log,
  });
  const question = async ({ order, graphBytes }: ModelGraph) => ({
    precision: `${order.format} ${order.precision}`,
    graph: await hashOf(order.graph),
    graphBytes,
  });
  return {
    async choose(wanted, model) {
      if (wanted === 'cpu') return { device: 'cpu', reason: undefined };
      const check = (device: Device) => checkInProcess(checkProgram, { device, load: model.order });
      const asked = await question(model).catch(() => undefined);
      // What is wrong with the file is said where it is loaded.
      if (asked === undefined) return { device: 'cpu', reason: 'the graph cannot be read' };
      return chooser.choose({ wanted, check, ...asked });
    },
    async refuse(device, model, why) {
      log(`${deviceNames[device]} ${why}; from now on the CPU runs ${model.order.graph}`);
      await chooser.refuse(await question(model), device, why);
    },
  };
}

async function hashOf(name: string): Promise<string> {
  const file = await openBinary(name);
  try {
    const start = new Uint8Array(Math.min(file.size, HASHED_BYTES));
    await file.readInto(start, 0);
    return createHash('sha256').update(`${file.size} `).update(start).digest('hex').slice(0, 40);
  } finally {
    await file.close();
  }
}
