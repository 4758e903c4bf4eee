/**
 * One tokenizer for all experts that have the same: experts of one family do, and it takes most of the time and of JavaScript's
 * memory that loading one more of them takes.
 */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { readTokenizer, type Tokenizer } from './tokenizer.ts';

/** Files that are larger are left to who reads them, and refuses them. */
const LARGEST = 256 * 1024 * 1024;

/** Of this process, by what their files hold; one that no expert has any more goes. */
const known = new Map<string, WeakRef<Tokenizer>>();
const reading = new Map<string, Promise<Tokenizer>>();

/** As `readTokenizer`. */
export async function sharedTokenizer(file: string, configFile: string, rows: number): Promise<Tokenizer> {
  const digests = await Promise.all([digestOf(file), digestOf(configFile)]);
  const key = JSON.stringify([...digests, rows]);
  const there = known.get(key)?.deref();
  if (there !== undefined) return there;
  // One that cannot be read is read again, for an error that names the right file.
  const begun = await reading.get(key)?.catch(() => undefined);
  if (begun !== undefined) return begun;
  const own = readTokenizer(file, configFile, rows).finally(() => {
    if (reading.get(key) === own) reading.delete(key);
  });
  reading.set(key, own);
  const tokenizer = await own;
  known.set(key, new WeakRef(tokenizer));
  return tokenizer;
}

/** Null where there is no file that could be read. */
async function digestOf(file: string): Promise<string | null> {
  try {
    if ((await stat(file)).size > LARGEST) return null;
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    return null;
  }
}
