/** The body of a hub's answer, into a file: as it comes, within bounds, and on the disk when it is whole. */

import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { onDisk } from './disk.ts';
import { BodyBroken } from './network-error.ts';
import type { Patience } from './settings.ts';

/** More came than the file has. */
export class TooLong extends Error {}

/** Fewer while patience lasts are as good as none. */
const LEAST_BYTES = 1024;

/** As much may wait for the disk. */
const MOST_QUEUED = 4 << 20;

export interface Target {
  /** The file, for sentences. */
  readonly part: string;
  /** That it has when it is whole. */
  readonly size: number;
  readonly patience: Patience;
  /** Bytes of it on the disk. */
  readonly onSize: (bytes: number) => void;
}

export interface Receipt {
  readonly handle: FileHandle;
  readonly from: number;
  readonly onWritten: (bytes: number) => void;
}

/**
 * Writes `body` from byte `from` on. Rejects where it ends early or goes on too long. Bytes are taken as they come: a stream that is read by
 * iteration drops what it holds when its connection breaks, and a hub that breaks off often would be asked for the same bytes for ever.
 */
export async function receive(
  { part, size, onSize, patience }: Target,
  body: Readable,
  { handle, from, onWritten }: Receipt,
): Promise<void> {
  let [at, queued] = [from, 0];
  // What is there is not wanted where the hub begins at the beginning.
  let writing = onDisk(part, handle.truncate(from));
  const write = async (chunk: Uint8Array, start: number): Promise<void> => {
    await onDisk(part, writeAll(handle, chunk, start));
    queued -= chunk.length;
    onWritten(start + chunk.length - from);
    onSize(start + chunk.length);
    if (queued < MOST_QUEUED / 2) body.resume();
  };
  // A hub that sends a byte now and then would be waited for until all of them are there.
  let before = at;
  const watching = setInterval(() => {
    if (at - before < LEAST_BYTES && !body.isPaused()) body.destroy(new BodyBroken('it stopped sending'));
    before = at;
  }, patience.stallMs);
  const all = new Promise<void>((resolve, reject) => {
    if (body.destroyed) return reject(body.errored ?? new BodyBroken('the connection broke'));
    body.on('data', (chunk: Uint8Array) => {
      const start = at;
      if (start + chunk.length > size)
        return reject(new TooLong(`more than the ${size} bytes of the file came`));
      at += chunk.length;
      queued += chunk.length;
      if (queued > MOST_QUEUED) body.pause();
      writing = writing.then(() => write(chunk, start));
      writing.catch(reject);
    });
    body.on('end', resolve).on('error', reject);
    body.on('close', () => reject(new BodyBroken('the connection broke')));
  });
  await all.finally(() => {
    clearInterval(watching);
    return writing;
  });
  await writing;
  if (at < size) throw new BodyBroken(`the answer ended ${size - at} bytes early`);
  await onDisk(part, handle.sync());
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}
