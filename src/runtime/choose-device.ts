/**
 * Which device a model runs on: the one asked for if it passes the self-check, and under `auto` the fastest that passes it and is
 * faster than the CPU. Otherwise the CPU, with the reason. Verdicts are remembered; one check runs at a time.
 */

import type { Device, DeviceSetting } from '../protocol/engine.ts';
import type { DevicePace } from './check-texts.ts';
import type { Verdict, VerdictKey, Verdicts } from './device-verdicts.ts';
import { deviceNames, devicesOf, type Platform } from './devices.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { CheckOutcome } from './self-check.ts';

export interface ChosenDevice {
  readonly device: Device;
  /** For people: why it is this one; undefined where it is what was asked for and nothing else was tried. */
  readonly reason: string | undefined;
  /** Most tokens of a run that it was compared for; undefined where that is for its decoder to say. */
  readonly longestRun?: number | undefined;
}

export interface DeviceQuestion {
  readonly wanted: DeviceSetting;
  readonly precision: string;
  /** Hash of the model's graph. */
  readonly graph: string;
  readonly graphBytes: number;
  readonly check: (device: Device) => Promise<CheckOutcome>;
}

export interface DeviceChooser {
  choose(question: DeviceQuestion): Promise<ChosenDevice>;
  /** From now on the device is not used for this model: it failed after its check. */
  refuse(question: Omit<DeviceQuestion, 'check' | 'wanted'>, device: Device, why: string): Promise<void>;
}

export interface ChooserOptions {
  readonly platform: Platform;
  readonly verdicts: Verdicts;
  readonly driver: () => Promise<string>;
  /** Version of ONNX Runtime. */
  readonly runtime: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly process: number;
  readonly isAlive: (process: number) => boolean;
  readonly log: (text: string) => void;
}

/**
 * Below this a model is not worth a check under `auto`: a token of the pocket experts takes the CPU about a millisecond
 * (docs/performance.md), about what handing work to a device takes.
 */
export const LEAST_BYTES = 64e6;

/** No check takes longer (runtime/check-process.ts ends it before): a mark that is older was left behind. */
export const LONGEST_CHECK_MS = 120_000;

export function createDeviceChooser(options: ChooserOptions): DeviceChooser {
  const { platform, verdicts, now, log } = options;
  /** One after the other: a device that two checks share would be slow for both. */
  const inTurn = oneAtATime();
  const keyOf = async (
    device: Device,
    { precision, graph }: Pick<DeviceQuestion, 'precision' | 'graph'>,
  ): Promise<VerdictKey> => {
    return { device, driver: await options.driver(), runtime: options.runtime, precision, graph };
  };

  const verdictOn = async (device: Device, question: DeviceQuestion): Promise<Verdict> => {
    const key = await keyOf(device, question);
    const known = await verdicts.read(key);
    if (known !== undefined && known.kind !== 'trying') return known;
    if (known !== undefined) {
      const elsewhere = known.process !== options.process && options.isAlive(known.process);
      if (elsewhere && Math.abs(now() - known.since) < 2 * LONGEST_CHECK_MS) return known;
      return remember(key, { kind: 'refused', why: 'ended the process that tried it' });
    }
    log(`trying ${deviceNames[device]} against the CPU`);
    await verdicts.write(key, { kind: 'trying', process: options.process, since: now() });
    return remember(key, await question.check(device));
  };
  const remember = async (key: VerdictKey, verdict: Verdict): Promise<Verdict> => {
    await verdicts.write(key, verdict);
    return verdict;
  };

  return {
    async choose(question) {
      const { wanted, graphBytes } = question;
      if (wanted === 'cpu') return { device: 'cpu', reason: undefined };
      const possible = devicesOf(platform);
      const asked = wanted === 'auto' ? possible.filter((device) => device !== 'cpu') : [wanted];
      if (asked.length === 0) return { device: 'cpu', reason: undefined };
      if (wanted === 'auto' && graphBytes < LEAST_BYTES) {
        return { device: 'cpu', reason: 'no other device is tried for a model as small as this' };
      }
      const reasons: string[] = [];
      let best: (ChosenDevice & { readonly ms: number }) | undefined;
      for (const device of asked) {
        const name = deviceNames[device];
        if (!possible.includes(device)) {
          reasons.push(`ONNX Runtime has no ${name} for ${platform.system} on ${platform.arch}`);
          continue;
        }
        const verdict = await inTurn(() => verdictOn(device, question)).catch((thrown: unknown): Verdict => {
          // Without the mark on disk nothing is tried.
          return { kind: 'refused', why: `was not tried: ${String(thrown).slice(0, 200)}` };
        });
        const judged = judge(verdict, wanted === 'auto');
        if (!judged.use) reasons.push(`${name} ${judged.reason}`);
        else if (best === undefined || judged.ms < best.ms) best = { device, ...judged };
      }
      if (best !== undefined) {
        const { device, reason, longestRun } = best;
        return { device, reason, longestRun };
      }
      return { device: 'cpu', reason: reasons.join('; ') };
    },
    async refuse(question, device, why) {
      await verdicts.write(await keyOf(device, question), { kind: 'refused', why: why.slice(0, 400) });
    },
  };
}

type Judged =
  | {
      readonly use: true;
      readonly reason: string | undefined;
      readonly longestRun: number | undefined;
      /** Of a request. */
      readonly ms: number;
    }
  | { readonly use: false; readonly reason: string };

function judge(verdict: Verdict, mustBeFaster: boolean): Judged {
  switch (verdict.kind) {
    case 'refused':
      return { use: false, reason: verdict.why };
    case 'trying':
      return { use: false, reason: 'is being tried by another process at this moment' };
    case 'passed': {
      const { device, cpu, longestRun } = verdict;
      const ms = requestMs(device);
      if (!mustBeFaster) return { use: true, reason: undefined, longestRun, ms };
      const times = `${paceText(device)}, the CPU ${paceText(cpu)}`;
      return ms < requestMs(cpu)
        ? { use: true, reason: `faster in a check: ${times}`, longestRun, ms }
        : { use: false, reason: `is not faster: ${times}` };
    }
    default:
      return verdict satisfies never;
  }
}

/** What two devices are compared by: a completion's answer, and as much of its prompt as is new when the user has moved on. */
const REQUEST = { read: 128, drawn: 32 } as const;

function requestMs({ tokenMs, readMs }: DevicePace): number {
  return REQUEST.read * readMs + REQUEST.drawn * tokenMs;
}

function paceText({ tokenMs, readMs }: DevicePace): string {
  return `${tokenMs.toPrecision(3)} ms a token and ${readMs.toPrecision(2)} ms for each that it reads`;
}
