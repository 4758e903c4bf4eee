/** The file beside a built graph that holds its weights, written tensor by tensor so that only one is in memory. */

import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TensorData } from './onnx.ts';

export interface WeightsFile {
  /** Writes `values` in the machine's byte order, little-endian on every machine that Chorus runs on. */
  add(values: Float32Array | Uint8Array): Promise<TensorData>;
  close(): Promise<void>;
}

/** Where tensors begin, so that kernels may read them as they are mapped. */
const ALIGNMENT = 64;

export async function createWeightsFile(file: string): Promise<WeightsFile> {
  const handle = await open(file, 'w');
  const location = basename(file);
  let end = 0;
  return {
    async add(values) {
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      await writeAll(handle, bytes, offset);
      end = offset + bytes.length;
      return { kind: 'file', location, offset, length: bytes.length };
    },
    close: () => handle.close(),
  };
}

/** Keeps values in the model itself. */
export const withinModel: Pick<WeightsFile, 'add'> = {
  add: async (values) => ({
    kind: 'here',
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }),
};

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
