/**
 * What is known of devices, kept on disk: one file for each device, driver, runtime and graph. A device that is being tried is
 * written down before, so that one that takes the whole process with it is not tried at every start.
 */

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));

/** Milliseconds of a token that is drawn, and of one that is read in a prompt. */
const paceSchema = v.strictObject({ tokenMs: milliseconds, readMs: milliseconds });

const verdictSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('passed'),
    device: paceSchema,
    cpu: paceSchema,
    difference: v.pipe(v.number(), v.finite(), v.minValue(0)),
    longestRun: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))),
  }),
  v.strictObject({ kind: v.literal('refused'), why: v.pipe(v.string(), v.maxLength(500)) }),
  v.strictObject({
    kind: v.literal('trying'),
    process: v.pipe(v.number(), v.integer(), v.minValue(1)),
    /** Milliseconds since 1970. */
    since: v.number(),
  }),
]);

export type Verdict = v.InferOutput<typeof verdictSchema>;

/** What a verdict holds for; any other value of any of these is another verdict. */
export interface VerdictKey {
  readonly device: string;
  /** Graphics driver and adapter, as far as they are known. */
  readonly driver: string;
  /** Of ONNX Runtime. */
  readonly runtime: string;
  readonly precision: string;
  /** Hash of the model's graph. */
  readonly graph: string;
}

export interface Verdicts {
  /** Undefined where there is none, or a damaged one. */
  read(key: VerdictKey): Promise<Verdict | undefined>;
  write(key: VerdictKey, verdict: Verdict): Promise<void>;
}

/** Raised whenever a check would judge otherwise. */
const CHECK_VERSION = 5;

/** @param folder where verdicts are kept; made when the first is written */
export function createVerdicts(folder: string): Verdicts {
  const fileOf = ({ device, driver, runtime, precision, graph }: VerdictKey): string => {
    const all = JSON.stringify([CHECK_VERSION, device, driver, runtime, precision, graph]);
    return join(folder, `${device}-${createHash('sha256').update(all).digest('hex').slice(0, 32)}.json`);
  };
  return {
    async read(key) {
      try {
        const json: unknown = JSON.parse(await readFile(fileOf(key), 'utf8'));
        const { verdict } = v.parse(v.object({ verdict: verdictSchema }), json);
        return verdict;
      } catch {
        return undefined;
      }
    },
    async write(key, verdict) {
      const file = fileOf(key);
      const draft = `${file}.${randomUUID()}`;
      await mkdir(folder, { recursive: true });
      try {
        // The key is there for people who look.
        await writeFile(draft, `${JSON.stringify({ ...key, verdict }, undefined, 1)}\n`, { flush: true });
        await rename(draft, file);
      } finally {
        await rm(draft, { force: true });
      }
    },
  };
}
