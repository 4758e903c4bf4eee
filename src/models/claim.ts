/**
 * One process at a time for one thing, by files. Each process that wants it puts a claim of its own beside the others' and looks: it has the
 * thing only where no other live claim lies there, and otherwise takes its claim back and waits. Of two the one that looks later sees
 * the other's claim, so never both have it; and since no claim is ever handed on, there is no takeover that two could win.
 * The usual library, proper-lockfile 4.1.2, goes by time alone: it waits ten seconds for a dead owner, and two may take over at once.
 */

import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';
import { isRunning, processPlace, startOf } from './process-life.ts';

export interface Claim {
  /** Aborts when the claim was cleared away while it was held: by hand, or because this process was stopped for long. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface ClaimOptions {
  /** Called once, when another process has it. */
  readonly onWaiting?: () => void;
  readonly signal?: AbortSignal | undefined;
  readonly timing?: Partial<ClaimTiming>;
}

/** In milliseconds. */
export interface ClaimTiming {
  /** Longest pause between two looks. */
  readonly look: number;
  /** An owner touches its claim this often. */
  readonly touch: number;
  /** Where the system cannot say whether the owner lives, it is dead once its claim lay untouched for so much waiting. */
  readonly quiet: number;
}

const usualTiming: ClaimTiming = { look: 300, touch: 5_000, quiet: 30_000 };

const ownerSchema = v.object({ pid: v.number(), place: v.string(), started: v.string() });

/** Waits until `name` in `folder` is this process's alone; rejects with the signal's reason when it aborts. */
export async function takeClaim(folder: string, name: string, options: ClaimOptions = {}): Promise<Claim> {
  const { onWaiting, signal } = options;
  const timing = { ...usualTiming, ...options.timing };
  await mkdir(folder, { recursive: true });
  const owner = { pid: process.pid, place: processPlace, started: await startOf(process.pid) };
  const others = watchOthers(folder, name, timing);
  for (let waits = 0; ; waits++) {
    signal?.throwIfAborted();
    // Who only waits leaves the others alone.
    if (!(await others.live())) {
      const file = join(folder, `${name}.${randomUUID()}.claim`);
      await put(file, owner);
      const alone = !(await others.live(file)) && (await exists(file));
      if (alone) {
        await others.clearDrafts();
        return held(file, timing);
      }
      await rm(file, { force: true });
    }
    if (waits === 1) onWaiting?.();
    // By chance, so that two that met do not meet again.
    const pause = timing.look * (0.1 + 0.9 * Math.random());
    await sleep(pause, undefined, { signal });
    others.waited(pause);
  }
}

/** A claim that is there says whose it is, wherever its owner is killed: an empty one would keep the others waiting. */
async function put(file: string, owner: v.InferOutput<typeof ownerSchema>): Promise<void> {
  const draft = `${file}${DRAFT}`;
  await writeFile(draft, JSON.stringify(owner), { flag: 'wx' });
  try {
    await rename(draft, file);
  } catch (thrown) {
    // Cleared away by who has the thing: then this one has it not.
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}

const DRAFT = '.draft';

function held(file: string, { touch }: ClaimTiming): Claim {
  const lost = new AbortController();
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(({ code }: NodeJS.ErrnoException) => {
      if (code !== 'ENOENT') return;
      const why =
        'Another process took this over, because nothing was heard of this one for long. Try again.';
      lost.abort(new ChorusError('fetch-failed', why, file));
    });
  }, touch);
  touching.unref();
  return {
    lost: lost.signal,
    async release() {
      clearInterval(touching);
      await rm(file, { force: true });
    },
  };
}

/** The claims of others, and for how much waiting each lay untouched. Clocks of two machines are never compared. */
function watchOthers(folder: string, name: string, { quiet }: ClaimTiming) {
  const seen = new Map<string, { touched: number; quietFor: number }>();
  const isClaim = (file: string): boolean => file.startsWith(`${name}.`) && file.endsWith('.claim');
  const isLive = async (file: string): Promise<boolean> => {
    const touched = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (touched === undefined) return false;
    const before = seen.get(file);
    const quietFor = before?.touched === touched ? before.quietFor : 0;
    seen.set(file, { touched, quietFor });
    return (await ownerLives(file)) ?? quietFor < quiet;
  };
  return {
    /** Whether another one than `own` is live; clears dead ones away. Each name was made for one claim, so no other can be meant. */
    async live(own?: string): Promise<boolean> {
      const files = (await readdir(folder)).filter(isClaim).map((file) => join(folder, file));
      for (const file of files) {
        if (file === own) continue;
        if (await isLive(file)) return true;
        await rm(file, { force: true });
      }
      return false;
    },
    /** What was being written when its owner was killed. */
    async clearDrafts(): Promise<void> {
      const drafts = (await readdir(folder)).filter(
        (file) => file.startsWith(`${name}.`) && file.endsWith(DRAFT),
      );
      for (const file of drafts) await rm(join(folder, file), { force: true });
    },
    waited(ms: number): void {
      for (const one of seen.values()) one.quietFor += ms;
    },
  };
}

/** Undefined where this process cannot know. */
async function ownerLives(file: string): Promise<boolean | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const owner = v.safeParse(v.pipe(v.string(), v.parseJson(), ownerSchema), text);
  if (!owner.success || owner.output.place !== processPlace) return undefined;
  const { pid, started } = owner.output;
  if (!isRunning(pid)) return false;
  const now = await startOf(pid);
  return now === '' || started === '' ? undefined : now === started;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
