/**
 * SHA-256 of a file's content. A large file is read once: its hash is kept in the cache under what changes whenever the file is written
 * to (device, inode, size, times to the nanosecond), so that asking again costs a look at these.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../models/stored-file.ts';
import { draftName } from './drafts.ts';

/** Smaller files are hashed every time, in bytes. */
const SMALL = 1024 * 1024;
const hex = /^[0-9a-f]{64}$/;

/** In hexadecimal. Rejects as the file system does where the file cannot be read; a cache that cannot be written is no hindrance. */
export async function contentHash(file: string, cacheFolder: string): Promise<string> {
  const before = await identity(file);
  if (before.size < SMALL) return sha256Of(file);
  const folder = join(cacheFolder, 'contents');
  const place = join(folder, createHash('sha256').update(before.name).digest('hex').slice(0, 40));
  const known = await readFile(place, 'latin1').catch(() => '');
  if (hex.test(known)) return known;
  const hash = await sha256Of(file);
  // Written to while it was read: the hash is of neither state.
  if ((await identity(file)).name !== before.name) return hash;
  const draft = draftName(place);
  await mkdir(folder, { recursive: true })
    .then(() => writeFile(draft, hash))
    .then(() => rename(draft, place))
    .catch(() => rm(draft, { force: true }).catch(() => {}));
  return hash;
}

/** What tells that a file was not written to since, without reading it. */
export async function identity(file: string): Promise<{ readonly name: string; readonly size: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return { name: [dev, ino, size, mtimeNs, ctimeNs].join(' '), size: Number(size) };
}
