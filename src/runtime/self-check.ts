/**
 * Whether a device can be trusted with a model: it answers a short prompt and two tokens as a reference on the CPU does, which rounds
 * nothing that the device does not; and how long a token takes on the device and on the CPU as it would be used.
 */

import {
  answersTo,
  type DevicePace,
  type LongText,
  longText,
  paceOf,
  readLong,
  type ShortText,
  shortText,
} from './check-texts.ts';
import type { Decoder } from './decoder.ts';
import { judgeRows } from './judge-rows.ts';
import { CHUNK } from './worker-messages.ts';

/**
 * How far a logit may be from the reference's, in standard deviations of the reference's row: in float32 (0.00002 was seen); with quantised
 * weights where neither rounds; and where the reference rounds, which moved SmolLM2's logits by up to 0.30.
 */
export const TOLERANCE = { full: 0.01, quantised: 0.1, rounded: 0.4 } as const;

/** The prompt is longer by as many than the longest run of the device, for which it may take other kernels. */
const BEYOND = 8;
/** Of a model with windows the prompt is longer than the widest, which a device could ignore; wider ones take too long to check. */
const WIDEST_WINDOW = 1024;
/** Longer runs are not tried where this many ms would not do for one. */
const PATIENCE = 2000;

export type CheckOutcome =
  | {
      readonly kind: 'passed';
      readonly device: DevicePace;
      readonly cpu: DevicePace;
      /** The largest, in the unit of `TOLERANCE`. */
      readonly difference: number;
      /** The runs as long as `longer` gave the CPU's logits too. */
      readonly longestRun?: number | undefined;
    }
  /** `why` goes on after "WebGPU " or another device's name. */
  | { readonly kind: 'refused'; readonly why: string };

/** The CPU, computing as precisely as the device where it can. */
export interface Reference {
  readonly decoder: Decoder;
  /** How far a logit of the device may be from its, in standard deviations of its row. */
  readonly tolerance: number;
}

export interface SelfCheckOptions {
  /** Opened first: where it is not there, nothing else is loaded. */
  readonly openDevice: () => Promise<Decoder>;
  readonly openReference: () => Promise<Reference>;
  /** The CPU as it would be used; opened last, for its time alone. */
  readonly openCpu: () => Promise<Decoder>;
  /** Rows of the logits. */
  readonly vocabulary: number;
  /** A run longer than those of the device, to be tried too; none where it is left out. */
  readonly longer?: number | undefined;
  /** In ms. */
  readonly clock: () => number;
  /** Called between runs: a long prompt takes its time. */
  readonly working?: () => void;
}

export async function selfCheck(options: SelfCheckOptions): Promise<CheckOutcome> {
  let device: Decoder;
  try {
    device = await options.openDevice();
  } catch (thrown) {
    return { kind: 'refused', why: `cannot be used: ${reasonOf(thrown)}` };
  }
  try {
    const reference = await options.openReference();
    const judged = await compared(device, reference, options).finally(() => reference.decoder.release());
    if (judged.kind === 'refused') return judged;
    const { short, long, ...passed } = judged;
    const cpu = await options.openCpu();
    try {
      const pace = await paceOf(short, cpu);
      const read = long === undefined ? {} : { readMs: (await readLong(long, cpu)).readMs };
      return { ...passed, cpu: { ...pace, ...read } };
    } finally {
      await cpu.release();
    }
  } finally {
    await device.release().catch(() => {});
  }
}

type Passed = CheckOutcome & { readonly kind: 'passed' };

type Refused = CheckOutcome & { readonly kind: 'refused' };

/** What is known before the CPU's time is, and what that is to be taken with. */
type Compared = Omit<Passed, 'cpu'> & { readonly short: ShortText; readonly long?: LongText };

async function compared(
  device: Decoder,
  reference: Reference,
  options: SelfCheckOptions,
): Promise<Compared | Refused> {
  const { vocabulary, clock, working = () => {} } = options;
  const window = reference.decoder.window ?? 0;
  if (window > WIDEST_WINDOW) {
    return {
      kind: 'refused',
      why: `was not compared beyond the ${window} tokens that a layer of this model sees`,
    };
  }
  const short = shortText(longestRun(device) + BEYOND + window, { vocabulary, clock, working });
  const expected = await answersTo(short, reference.decoder);
  let actual: readonly Float32Array[];
  let pace: DevicePace;
  try {
    actual = await answersTo(short, device);
    const judged = judgeRows(expected, actual, reference.tolerance);
    if (judged.kind === 'refused') return judged;
    pace = await paceOf(short, device);
    const passed = { kind: 'passed', device: pace, difference: judged.difference, short } as const;
    return (await comparedLonger(device, reference, { options, passed })) ?? passed;
  } catch (thrown) {
    return { kind: 'refused', why: `fails when it runs: ${reasonOf(thrown)}` };
  }
}

/**
 * The outcome with a run of `longer` tokens, which other kernels may answer, where it gives the reference's logits; otherwise the
 * device is good for its own runs.
 */
async function comparedLonger(
  device: Decoder,
  { decoder, tolerance }: Reference,
  { options, passed }: { options: SelfCheckOptions; passed: Compared },
): Promise<Compared | undefined> {
  const { longer, vocabulary, clock, working = () => {} } = options;
  if (longer === undefined || device.takesLonger !== true || longer * passed.device.readMs > PATIENCE)
    return undefined;
  const long = longText(longer, { before: decoder.window ?? 0, vocabulary, clock, working });
  const whole = (start: number, to: number): number => (to === long.ends[0] ? device.runEnd(start, to) : to);
  try {
    // The first compiles what the second is timed with.
    await readLong(long, device, whole);
    const actual = await readLong(long, device, whole);
    const expected = await readLong(long, decoder);
    const judged = judgeRows(expected.rows, actual.rows, tolerance);
    if (judged.kind === 'refused') return undefined;
    return {
      ...passed,
      device: { ...passed.device, readMs: actual.readMs },
      difference: Math.max(passed.difference, judged.difference),
      longestRun: longer,
      long,
    };
  } catch {
    return undefined;
  }
}

function longestRun(decoder: Decoder): number {
  let longest = 1;
  for (let to = 1; to <= CHUNK; to++) longest = Math.max(longest, decoder.runEnd(0, to));
  return longest;
}

/** ONNX Runtime puts its own source file, function and condition before what it says. */
const whereThrown = /^\S+\.(?:cc|cpp|h):\d+ .* was false\. /;

/** One line of what was thrown. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/\s+/g, ' ').replace(whereThrown, '').trim().slice(0, 200);
}
