/** Reads a file that a command line names. */

import { readFile } from 'node:fs/promises';
import { ChorusError } from '../protocol/failure.ts';

/** Rejects with a `ChorusError` where the file cannot be read. */
export function readText(file: string): Promise<string> {
  return readable(file, readFile(file, 'utf8'));
}

/** What is read of `file` by `work`. */
export async function readable<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ChorusError('file-unreadable', `${file} cannot be read: ${why}. Check the path.`, file);
  }
}
