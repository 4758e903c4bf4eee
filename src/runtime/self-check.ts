/**
 * Whether a device can be trusted with a model: it answers a short prompt and two tokens as a reference on the CPU does, which rounds
 * nothing that the device does not; and how long a token takes on the device and on the CPU as it would be used.
 */

import type { Decoder, Memory } from './decoder.ts';
import { CHUNK } from './worker-messages.ts';

/**
 * How far a logit may be from the reference's, in units of the standard deviation of the reference's row. Of int4 more, since an export that
 * is run as it is has the CPU's kernels round the activations to 8 bits, and a device may compute in TF32.
 */
export const TOLERANCE = { full: 0.01, int4: 0.25 } as const;

/** Another token may be the likeliest only where the CPU's own logits of the two are this near, in the same unit. */
const NEAR_TIE = 0.05;

/** The prompt is longer by as many than the longest run of the device, for which it may take other kernels. */
const BEYOND = 8;
/** Of a model with windows the prompt is longer than the widest, which a device could ignore; wider ones take too long to check. */
const WIDEST_WINDOW = 1024;
/** Single tokens whose logits are compared, after the prompt's; a device compiles what it needs meanwhile. */
const COMPARED = 2;
/** Single tokens that are timed after those. */
const TIMED = 5;
/** Tokens before the longer run and after it: in use it goes on from a past, and the last run is as long as what is left. */
const AROUND = { before: 40, after: 100 } as const;
/** Longer runs are not tried where this many ms would not do for one. */
const PATIENCE = 2000;

/** In ms. */
export interface DevicePace {
  /** A token that is drawn. */
  readonly tokenMs: number;
  /** Each token of a prompt. */
  readonly readMs: number;
}

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

export interface SelfCheckOptions {
  /** Opened first: where it is not there, nothing else is loaded. */
  readonly openDevice: () => Promise<Decoder>;
  /** The CPU, computing as precisely as the device. */
  readonly openReference: () => Promise<Decoder>;
  /** The CPU as it would be used; opened last, for its time alone. */
  readonly openCpu: () => Promise<Decoder>;
  /** Rows of the logits. */
  readonly vocabulary: number;
  readonly tolerance: number;
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
    const judged = await opened(options.openReference, (reference) => compared(device, reference, options));
    if (judged.kind === 'refused') return judged;
    const { asked, ...passed } = judged;
    const { tokenMs, readMs } = await opened(options.openCpu, (cpu) => stepped(cpu, asked));
    return { ...passed, cpu: { tokenMs, readMs } };
  } finally {
    await device.release().catch(() => {});
  }
}

async function opened<T>(open: () => Promise<Decoder>, use: (decoder: Decoder) => Promise<T>): Promise<T> {
  const decoder = await open();
  try {
    return await use(decoder);
  } finally {
    await decoder.release();
  }
}

type Passed = CheckOutcome & { readonly kind: 'passed' };

/** What is known before the CPU's time is, and what it is to be timed with. */
type Compared = Omit<Passed, 'cpu'> & { readonly asked: Stepping };

async function compared(
  device: Decoder,
  reference: Decoder,
  options: SelfCheckOptions,
): Promise<Compared | Extract<CheckOutcome, { kind: 'refused' }>> {
  const { vocabulary, tolerance, clock, working = () => {} } = options;
  const window = reference.window ?? 0;
  if (window > WIDEST_WINDOW) {
    return {
      kind: 'refused',
      why: `was not compared beyond the ${window} tokens that a layer of this model sees`,
    };
  }
  const prompt = longestRun(device) + BEYOND + window;
  const tokens = Int32Array.from({ length: prompt + COMPARED + TIMED }, (_, i) => (7 + 31 * i) % vocabulary);
  const asked = { tokens, prompt, clock, working };
  const { rows: expected } = await stepped(reference, asked);
  let stepsOfDevice: Steps;
  try {
    stepsOfDevice = await stepped(device, asked);
  } catch (thrown) {
    return { kind: 'refused', why: `fails when it runs: ${reasonOf(thrown)}` };
  }
  const { rows: actual, ...devicePace } = stepsOfDevice;
  const judged = judgeRows(expected, actual, tolerance);
  if (judged.kind === 'refused') return judged;
  const { difference } = judged;
  const short: Compared = { kind: 'passed', device: devicePace, difference, asked };
  const longer = await comparedLonger(device, reference, { options, short });
  return longer ?? short;
}

/**
 * The outcome with a run of `longer` tokens, which other kernels may answer, where it gives the reference's logits; otherwise the
 * device is good for its own runs.
 */
async function comparedLonger(
  device: Decoder,
  reference: Decoder,
  { options, short }: { options: SelfCheckOptions; short: Compared },
): Promise<Compared | undefined> {
  const { longer, vocabulary, tolerance, clock, working = () => {} } = options;
  if (longer === undefined || device.takesLonger !== true || longer * short.device.readMs > PATIENCE)
    return undefined;
  const before = AROUND.before + (reference.window ?? 0);
  const ends = [before, before + longer, before + longer + Math.min(AROUND.after, longer - 1)];
  const length = ends.at(-1) ?? 0;
  const tokens = Int32Array.from({ length }, (_, i) => (3 + 29 * i) % vocabulary);
  const timed = async (decoder: Decoder, end: (start: number, to: number) => number) => {
    const memory = decoder.createMemory();
    const rows: Float32Array[] = [];
    let readMs = 0;
    try {
      for (const [i, to] of ends.entries()) {
        const began = clock();
        rows.push(await read(decoder, { memory, tokens, to, end: (start) => end(start, to), working }));
        if (i === 1) readMs = (clock() - began) / longer;
      }
      return { rows, readMs };
    } finally {
      memory.dispose?.();
    }
  };
  const whole = (start: number, to: number): number => (to === before ? device.runEnd(start, to) : to);
  try {
    // The first compiles what the second is timed with.
    await timed(device, whole);
    const actual = await timed(device, whole);
    const expected = await timed(reference, (start, to) => reference.runEnd(start, to));
    const judged = judgeRows(expected.rows, actual.rows, tolerance);
    if (judged.kind === 'refused') return undefined;
    return {
      ...short,
      device: { ...short.device, readMs: actual.readMs },
      difference: Math.max(short.difference, judged.difference),
      longestRun: longer,
    };
  } catch {
    return undefined;
  }
}

type JudgedRows =
  | { readonly kind: 'alike'; readonly difference: number }
  | { readonly kind: 'refused'; readonly why: string };

function judgeRows(
  expected: readonly Float32Array[],
  actual: readonly Float32Array[],
  tolerance: number,
): JudgedRows {
  let difference = 0;
  for (const [at, row] of expected.entries()) {
    const other = actual[at];
    if (other === undefined || other.length !== row.length || !other.every(Number.isFinite)) {
      return { kind: 'refused', why: 'gives logits that are no numbers' };
    }
    const unit = deviationOf(row);
    const distance = largestDifference(row, other) / unit;
    if (distance > tolerance) {
      return {
        kind: 'refused',
        why: `gives other logits than the CPU (${distance.toPrecision(2)} standard deviations apart, ${tolerance} is allowed)`,
      };
    }
    const lost = (row[indexOfLargest(row)] as number) - (row[indexOfLargest(other)] as number);
    if (lost > NEAR_TIE * unit) return { kind: 'refused', why: 'chooses another token than the CPU' };
    difference = Math.max(difference, distance);
  }
  return { kind: 'alike', difference };
}

function longestRun(decoder: Decoder): number {
  let longest = 1;
  for (let to = 1; to <= CHUNK; to++) longest = Math.max(longest, decoder.runEnd(0, to));
  return longest;
}

interface Steps extends DevicePace {
  /** After the prompt and after each token that is compared. */
  readonly rows: readonly Float32Array[];
}

interface Stepping {
  readonly tokens: Int32Array;
  /** How many of them are the prompt. */
  readonly prompt: number;
  readonly clock: () => number;
  readonly working: () => void;
}

/** Feeds the prompt and then token by token. */
async function stepped(decoder: Decoder, { tokens, prompt, clock, working }: Stepping): Promise<Steps> {
  const memory = decoder.createMemory();
  const rows: Float32Array[] = [];
  const times: number[] = [];
  try {
    const asked = {
      memory,
      tokens,
      to: prompt,
      end: (start: number): number => decoder.runEnd(start, prompt),
      working,
    };
    rows.push(await read(decoder, asked));
    for (let at = prompt; at < tokens.length; at++) {
      const start = clock();
      const row = await decoder.feed(memory, tokens.slice(at, at + 1), 1);
      if (at < prompt + COMPARED) rows.push(row.slice());
      else times.push(clock() - start);
    }
    // A device compiled what it needs when it read the prompt first.
    memory.truncate(0);
    const began = clock();
    await read(decoder, asked);
    const readMs = (clock() - began) / prompt;
    // The median.
    return { rows, tokenMs: times.sort((a, b) => a - b)[TIMED >> 1] as number, readMs };
  } finally {
    memory.dispose?.();
  }
}

/** Goes on reading where the memory ends, in runs, and gives the logits after token `to`. */
async function read(
  decoder: Decoder,
  {
    memory,
    tokens,
    to,
    end: endOf,
    working,
  }: {
    readonly memory: Memory;
    readonly tokens: Int32Array;
    readonly to: number;
    readonly end: (start: number) => number;
    readonly working: () => void;
  },
): Promise<Float32Array> {
  let last = new Float32Array(0);
  for (let start = memory.length, end = start; start < to; start = end) {
    end = endOf(start);
    last = (await decoder.feed(memory, tokens.slice(start, end), 1)).slice();
    working();
  }
  return last;
}

function deviationOf(row: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const z of row) {
    sum += z;
    squares += z * z;
  }
  const mean = sum / row.length;
  return Math.sqrt(Math.max(Number.MIN_VALUE, squares / row.length - mean * mean));
}

function largestDifference(row: Float32Array, other: Float32Array): number {
  let largest = 0;
  for (const [x, z] of row.entries()) largest = Math.max(largest, Math.abs(z - (other[x] as number)));
  return largest;
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let x = 1; x < values.length; x++) if ((values[x] as number) > (values[best] as number)) best = x;
  return best;
}

/** ONNX Runtime puts its own source file, function and condition before what it says. */
const whereThrown = /^\S+\.(?:cc|cpp|h):\d+ .* was false\. /;

/** One line of what was thrown. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/\s+/g, ' ').replace(whereThrown, '').trim().slice(0, 200);
}
