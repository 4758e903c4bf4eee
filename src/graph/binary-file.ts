/** A file of known size that is read piece by piece, never past its end. */

import { type FileHandle, open, stat } from 'node:fs/promises';
import { ChorusError } from '../protocol/failure.ts';
import { invalidModel } from './model-error.ts';

export interface BinaryFile {
  readonly file: string;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** Fills `out` with the bytes from `offset` on; an error where the file does not hold them. */
  readInto(out: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** Bytes of one read: Node refuses more than 2 GiB - 1, and less keeps the buffers of the system small. */
const LARGEST_READ = 64 * 1024 * 1024;

/** Opens a plain file; a folder, a pipe or a device is refused before it is opened. */
export async function openBinary(file: string): Promise<BinaryFile> {
  const handle = await openPlain(file);
  const { size } = await handle.stat();
  return {
    file,
    size,
    readInto: async (out, offset) => {
      if (offset < 0 || offset + out.length > size) throw cutShort(file);
      for (let done = 0; done < out.length; ) {
        const wanted = Math.min(LARGEST_READ, out.length - done);
        const { bytesRead } = await handle.read(out, done, wanted, offset + done);
        if (bytesRead === 0) throw cutShort(file);
        done += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

async function openPlain(file: string): Promise<FileHandle> {
  try {
    if ((await stat(file)).isFile()) return await open(file, 'r');
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ChorusError('file-missing', `${file} is missing. Download the model again.`, file);
    }
    throw new ChorusError(
      'file-unreadable',
      `${file} cannot be read: ${message}. Check its permissions.`,
      file,
    );
  }
  throw new ChorusError('file-unreadable', `${file} is not a file. Download the model again.`, file);
}

function cutShort(file: string): ChorusError {
  return invalidModel(file, 'it ends before what it says it holds');
}
