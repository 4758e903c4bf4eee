/** A file as it lies on the disk: the SHA-256 of its bytes, and that it is there after a crash. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Of the bytes as they are now, in lower-case hexadecimal. */
export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const bytes = createReadStream(file, { highWaterMark: 1 << 20 });
  await (signal === undefined ? pipeline(bytes, hash) : pipeline(bytes, hash, { signal }));
  return hash.digest('hex');
}

/** Until it is on the disk, a crash of the machine may leave a name that stands for nothing. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.sync().finally(() => handle.close());
}
