/** The key that every request must bring: made once at random, kept where only the user can read it, compared in constant time. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { ChorusError } from '../protocol/failure.ts';

/** What a header can carry. */
const keySchema = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,200}$/));

/** Throws a `ChorusError` where it cannot be a key. */
export function checkedKey(key: string): string {
  if (v.is(keySchema, key)) return key;
  throw new ChorusError(
    'setting-invalid',
    'A key has 8 to 200 letters, digits and signs without blanks. Choose another, or leave it out and one is made.',
  );
}

export interface KeptKey {
  readonly key: string;
  /** Whether it was made just now, and is to be shown. */
  readonly isNew: boolean;
}

/** The key in `file`, which is made, readable by the user alone, where it is not there. Rejects with a `ChorusError`. */
export async function keptKey(file: string): Promise<KeptKey> {
  const key = randomBytes(32).toString('base64url');
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
    return { key, isNew: true };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return { key: await read(file), isNew: false };
    throw unusable(file, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

const OTHERS = 0o077;

async function read(file: string): Promise<string> {
  const { mode } = await stat(file);
  // Windows keeps what is the user's apart by other means.
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
    throw unusable(file, 'others on this machine can read it');
  const key = (await readFile(file, 'utf8')).trim();
  if (v.is(keySchema, key)) return key;
  throw unusable(file, 'what it holds is no key');
}

function unusable(file: string, why: string): ChorusError {
  return new ChorusError(
    'file-unreadable',
    `The key in ${file} cannot be used: ${why}. Delete that file and a new key is made, or give a key by --key or CHORUS_KEY.`,
    file,
  );
}

/** Whether `given` is `key`; how long it takes says nothing of where they differ. */
export function sameKey(given: string, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}
