/** The SHA-256 of a file as it lies on the disk. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** In lower-case hexadecimal. */
export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const bytes = createReadStream(file, { highWaterMark: 1 << 20 });
  await (signal === undefined ? pipeline(bytes, hash) : pipeline(bytes, hash, { signal }));
  return hash.digest('hex');
}
