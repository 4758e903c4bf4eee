/**
 * Lets one process at a time convert a model. The lock is a file that names its process and how far it is, touched while that
 * lives: one whose process is gone, or that nobody touched for a minute, is taken over. Two that take it over at the same moment
 * convert the same twice, which is slow and not wrong: a graph appears in the cache whole or not at all.
 */

import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { isAlive, thisMachine } from './drafts.ts';

/** In ms. */
const UNTOUCHED = 60_000;
const TOUCH_EVERY = 5_000;
const ASK_EVERY = 250;

const holderSchema = v.object({
  machine: v.string(),
  process: v.pipe(v.number(), v.integer()),
  /** In [0, 1]. */
  progress: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
});

type Holder = v.InferOutput<typeof holderSchema>;

export interface ConversionLock {
  /** Tells those who wait. */
  tell(progress: number): void;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Called with the holder's progress while another process has the lock. */
  readonly onWaiting: (progress: number) => void;
  /** Asked while waiting: whether the lock is still wanted. */
  readonly wanted: () => Promise<boolean>;
}

/** Waits for the lock; undefined where it is not wanted any more. */
export async function conversionLock(
  file: string,
  { onWaiting, wanted }: LockOptions,
): Promise<ConversionLock | undefined> {
  await mkdir(dirname(file), { recursive: true });
  while (await wanted()) {
    if (await create(file)) return held(file);
    const holder = await readHolder(file);
    if (await isAbandoned(file, holder)) {
      // Under a name of one's own, so that of two who do this one removes what is stale and the other nothing.
      const stale = `${file}.${randomUUID()}`;
      await rename(file, stale).catch(() => {});
      await rm(stale, { force: true });
      continue;
    }
    if (holder !== undefined) onWaiting(holder.progress);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY));
  }
  return undefined;
}

/** False where there is one already. */
async function create(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(textOf(0)).finally(() => handle.close());
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

function held(file: string): ConversionLock {
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, TOUCH_EVERY);
  let writing: Promise<void> | undefined;
  return {
    tell(progress) {
      // One write at a time: what comes meanwhile is told with the next.
      writing ??= writeFile(file, textOf(progress), { flag: 'r+' })
        .catch(() => {})
        .finally(() => {
          writing = undefined;
        });
    },
    async release() {
      clearInterval(touching);
      await writing;
      // One that was held up for so long that it was taken over has nothing to remove.
      const holder = await readHolder(file);
      if (holder?.machine === thisMachine && holder.process === process.pid) await rm(file, { force: true });
    },
  };
}

/** Always of the same length, as it is written over the one before. */
function textOf(progress: number): string {
  const holder: Holder = { machine: thisMachine, process: process.pid, progress };
  return JSON.stringify(holder).padEnd(100);
}

/** Undefined where it is gone, or being written. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return v.parse(holderSchema, JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

async function isAbandoned(file: string, holder: Holder | undefined): Promise<boolean> {
  if (holder?.machine === thisMachine && !isAlive(holder.process)) return true;
  return stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > UNTOUCHED,
    () => false,
  );
}
