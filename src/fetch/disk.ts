/** Room on the disk, asked for before anything is fetched, and what is said when it runs out all the same. */

import { open, rename, statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChorusError, diskFull, isDiskFull } from '../protocol/failure.ts';

/** Left free for everything else on the machine. */
const SPARE = 64e6;

/** Rejects where `folder`, which exists, has no room for so many bytes more. */
export async function checkRoom(folder: string, bytes: number, what = 'The model'): Promise<void> {
  const found = await statfs(folder).catch(() => undefined);
  // Some network drives do not say; then writing will tell.
  if (found === undefined || found.bsize === 0 || found.blocks === 0) return;
  const free = found.bavail * found.bsize;
  if (free >= bytes + SPARE) return;
  throw diskFull(folder, { what, bytes: bytes + SPARE, free });
}

/** Where what is kept is Chorus's own affair. */
const OWN = 'Check its permissions, or set CHORUS_CACHE to another folder.';

/** What `work` on a file below `folder` gives; where the disk refuses it, rejects with a `ChorusError` that says `remedy`. */
export async function onDisk<T>(folder: string, work: Promise<T>, remedy = OWN): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw diskError(folder, thrown, remedy);
  }
}

function diskError(folder: string, thrown: unknown, remedy: string): unknown {
  if (thrown instanceof ChorusError) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (isDiskFull(thrown)) return diskFull(folder);
  if (typeof code !== 'string' || code === 'ABORT_ERR') return thrown;
  return new ChorusError(
    'file-unreadable',
    `Nothing can be kept in ${folder}: ${message}. ${remedy}`,
    folder,
  );
}

const MOST_TRIES = 6;
/** Windows refuses to move what another program looks at, a virus scanner for instance; soon it does not. */
const busy = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** Moves a file or a folder; rejects as `rename` does. */
export async function move(from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await rename(from, to);
    } catch (thrown) {
      const { code = '' } = thrown as NodeJS.ErrnoException;
      if (process.platform !== 'win32' || !busy.has(code) || tries === MOST_TRIES) throw thrown;
    }
    await sleep(50 * 2 ** tries);
  }
}

/** Not every system can; then the names come to the disk when it likes, which costs at most a fetch. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
