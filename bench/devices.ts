/** What each device of this machine makes of a model: whether it may run it, whether it chooses the CPU's tokens, and what a token costs. */

import { join } from 'node:path';
import type { Device } from '../src/protocol/engine.ts';
import { deviceNames, devicesOf } from '../src/runtime/devices.ts';
import { type LoadedExpert, openExpert } from '../src/runtime/expert.ts';
import { createDevices, type Devices } from '../src/runtime/model-device.ts';
import { median } from './median.ts';

export interface DevicesOptions {
  readonly first: string;
  readonly programs: string;
  readonly rounds: number;
  readonly tokens: number;
  readonly threads: number;
  readonly precision: 'auto' | 'fp32';
}

export interface DevicesResult {
  readonly rows: readonly DeviceRow[];
  /** Why a device is not among the rows. */
  readonly refused: readonly string[];
}

interface DeviceRow {
  readonly device: string;
  readonly 'load ms': number;
  /** A token after so many. */
  readonly 'ms at 32': number;
  readonly 'ms at 256': number;
  readonly 'ms at 1000': number;
  readonly 'prompt of 1000, ms': number;
  /** Two experts of this model asked at once. */
  readonly 'ms, two mixed at 256': number;
  /** Tokens of those compared that are the CPU's likeliest too; where they differ, which the CPU holds nearly as likely. */
  readonly 'as the CPU': string;
}

const LENGTHS = [32, 256, 1000] as const;
const PROMPT = 1000;
const WARM_UP = 2;
/** Contexts whose likeliest next token is compared with the CPU's. */
const COMPARED = 24;

export async function measureDevices(options: DevicesOptions): Promise<DevicesResult> {
  const { programs } = options;
  const cacheFolder = join(programs, '..', '.cache', 'bench');
  const devices = createDevices({
    checkProgram: join(programs, 'device-check.js'),
    cacheFolder,
    log: (text) => console.log(`  ${text}`),
  });
  const others = devicesOf({ system: process.platform, arch: process.arch }).filter((name) => name !== 'cpu');
  const open = (device: Device) => opened(options, { device, cacheFolder, devices });
  const cpu = await open('cpu');
  const likeliest = await likeliestTokens(cpu.expert);
  const rows = [await measured(cpu, () => open('cpu'), { options, likeliest })];
  const refused: string[] = [];
  await cpu.expert.dispose();
  for (const device of others) {
    const tried = await open(device);
    if (tried.expert.device === deviceNames[device]) {
      rows.push(await measured(tried, () => open(device), { options, likeliest }));
    } else {
      refused.push(tried.expert.deviceReason ?? `${deviceNames[device]} is not used, and no reason is given`);
    }
    await tried.expert.dispose();
  }
  return { rows, refused };
}

interface Opened {
  readonly expert: LoadedExpert;
  readonly loadMs: number;
}

async function opened(
  { first, programs, threads, precision }: DevicesOptions,
  { device, cacheFolder, devices }: { device: Device; cacheFolder: string; devices: Devices },
): Promise<Opened> {
  const began = performance.now();
  const expert = await openExpert({
    name: 'measured',
    folder: first,
    precision,
    threads,
    workerFile: join(programs, 'worker.js'),
    cacheFolder,
    device,
    devices,
  });
  return { expert, loadMs: performance.now() - began };
}

function textOf(seed: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => (i * 37 + ((i * i) % 11) + seed) % 4000);
}

/** The likeliest tokens of each of some contexts, and by how much the first leads. */
interface Likeliest {
  readonly context: Int32Array;
  readonly token: number;
  readonly logits: Float32Array;
}

async function rowOf(expert: LoadedExpert, context: Int32Array): Promise<Float32Array> {
  const rows = await expert.logits(context, { rows: 1 });
  if (rows === 'cancelled') throw new Error('nobody cancelled');
  return rows.logits.slice();
}

async function likeliestTokens(expert: LoadedExpert): Promise<Likeliest[]> {
  const found: Likeliest[] = [];
  for (let i = 0; i < COMPARED; i++) {
    const context = textOf(i, 16 + 12 * i);
    const logits = await rowOf(expert, context);
    found.push({ context, token: largest(logits), logits });
  }
  return found;
}

function largest(values: Float32Array): number {
  let best = 0;
  for (let x = 1; x < values.length; x++) if ((values[x] as number) > (values[best] as number)) best = x;
  return best;
}

async function measured(
  { expert, loadMs }: Opened,
  another: () => Promise<Opened>,
  { options, likeliest }: { options: DevicesOptions; likeliest: readonly Likeliest[] },
): Promise<DeviceRow> {
  const { rounds, tokens } = options;
  let same = 0;
  let lead = 0;
  for (const { context, token, logits } of likeliest) {
    const other = largest(await rowOf(expert, context));
    if (other === token) same++;
    else lead = Math.max(lead, (logits[token] as number) - (logits[other] as number));
  }
  const steps = LENGTHS.map((): number[] => []);
  const prompts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const text = textOf(100 + round, PROMPT + tokens);
    prompts.push(await timed(() => rowOf(expert, text.slice(0, PROMPT))));
    for (const [i, length] of LENGTHS.entries()) {
      await rowOf(expert, text.slice(0, length));
      for (let step = 1; step <= tokens; step++) {
        const ms = await timed(() => rowOf(expert, text.slice(0, length + step)));
        if (step > WARM_UP) steps[i]?.push(ms);
      }
    }
  }
  const second = await another();
  const both: number[] = [];
  const text = textOf(500, 256 + tokens);
  const pair = [expert, second.expert];
  for (let step = 0; step < tokens; step++) {
    const context = text.slice(0, 256 + step);
    const ms = await timed(() => Promise.all(pair.map((one) => rowOf(one, context))));
    if (step > WARM_UP) both.push(ms);
  }
  await second.expert.dispose();
  const [short = [], middle = [], long = []] = steps;
  return {
    device: expert.device,
    'load ms': Math.round(loadMs),
    'ms at 32': rounded(median(short)),
    'ms at 256': rounded(median(middle)),
    'ms at 1000': rounded(median(long)),
    'prompt of 1000, ms': rounded(median(prompts)),
    'ms, two mixed at 256': rounded(median(both)),
    'as the CPU': `${same} of ${likeliest.length}${same < likeliest.length ? `, others within ${lead.toPrecision(2)}` : ''}`,
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
