/** What was measured so far, a JSON line per case, so that a run that was stopped goes on where it was. */

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';

export interface ResultsStore<Value> {
  get(key: string): Value | undefined;
  add(key: string, value: Value): void;
}

export interface StoreOptions<Schema extends v.GenericSchema> {
  /** What a value must look like; a line that does not is passed over. */
  readonly schema: Schema;
  /** Forgets what the file holds. */
  readonly fresh: boolean;
}

export function openResults<Schema extends v.GenericSchema>(
  file: string,
  { schema, fresh }: StoreOptions<Schema>,
): ResultsStore<v.InferOutput<Schema>> {
  mkdirSync(dirname(file), { recursive: true });
  if (fresh) rmSync(file, { force: true });
  const line = v.pipe(v.string(), v.parseJson(), v.tuple([v.string(), schema]));
  const known = new Map<string, v.InferOutput<Schema>>();
  for (const text of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    // A run that was killed may have left half a line.
    const parsed = v.safeParse(line, text);
    if (parsed.success) known.set(...parsed.output);
  }
  return {
    get: (key) => known.get(key),
    add(key, value) {
      known.set(key, value);
      // The line break comes first: it ends half a line of a run that was killed.
      appendFileSync(file, `\n${JSON.stringify([key, value])}`);
    },
  };
}

/** A short name for content, the same wherever it is computed. */
export function fingerprint(...content: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of content) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 24);
}
