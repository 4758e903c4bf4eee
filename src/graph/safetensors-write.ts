/**
 * Writes a safetensors file (github.com/huggingface/safetensors) tensor by tensor: the header is known before the first, so each
 * goes to its place as soon as it is there, in any order.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { toBfloatsInto, toHalvesInto } from './half-write.ts';

export type WrittenType = 'f32' | 'f16' | 'bf16' | 'u8';

export interface WrittenTensor {
  readonly name: string;
  readonly type: WrittenType;
  /** Row-major, outermost first. */
  readonly shape: readonly number[];
}

export interface SafetensorsWriter {
  /** Stores `values` as the tensor's type, which is not u8. */
  write(name: string, values: Float32Array): Promise<void>;
  writeBytes(name: string, bytes: Uint8Array): Promise<void>;
}

const typeNames = { f32: 'F32', f16: 'F16', bf16: 'BF16', u8: 'U8' } as const;
const typeBytes = { f32: 4, f16: 2, bf16: 2, u8: 1 } as const;
const PIECE_VALUES = 1 << 18;

/** How many bytes a file with these tensors has. */
export function safetensorsSize(tensors: readonly WrittenTensor[], metadata: Metadata): number {
  const { header, end } = layOut(tensors, metadata);
  return header.length + end;
}

export type Metadata = Readonly<Record<string, string>>;

/**
 * Creates `file`, which must not be there, and has `write` fill it; it is on the disk itself afterwards. Rejects where a tensor was
 * never written. Two tensors of one name are a bug of the caller.
 */
export async function writeSafetensors(
  file: string,
  { tensors, metadata }: { readonly tensors: readonly WrittenTensor[]; readonly metadata: Metadata },
  write: (writer: SafetensorsWriter) => Promise<void>,
): Promise<void> {
  const writer = await createWriter(file, tensors, metadata);
  try {
    await write(writer);
    await writer.finish();
  } finally {
    await writer.close();
  }
}

interface OpenWriter extends SafetensorsWriter {
  /** Throws where a tensor was never written. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

async function createWriter(
  file: string,
  tensors: readonly WrittenTensor[],
  metadata: Metadata,
): Promise<OpenWriter> {
  const { header, places } = layOut(tensors, metadata);
  const handle = await open(file, 'wx');
  const missing = new Set(places.keys());
  const placeOf = (name: string): Place => {
    const place = places.get(name);
    if (place === undefined) throw new RangeError(`${file} has no place for the tensor '${name}'`);
    return place;
  };
  try {
    await writeAll(handle, header, 0);
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
  return {
    async write(name, values) {
      const { type, offset, bytes } = placeOf(name);
      if (values.length * typeBytes[type] !== bytes || type === 'u8')
        throw new RangeError(`${values.length} values are not what '${name}' holds`);
      await writeValues(handle, { type, offset: header.length + offset }, values);
      missing.delete(name);
    },
    async writeBytes(name, bytes) {
      const place = placeOf(name);
      if (bytes.length !== place.bytes) throw new RangeError(`${bytes.length} bytes are not '${name}'`);
      await writeAll(handle, bytes, header.length + place.offset);
      missing.delete(name);
    },
    async finish() {
      const [first] = missing;
      if (first !== undefined) throw new RangeError(`the tensor '${first}' was never written`);
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

interface Place {
  readonly type: WrittenType;
  /** From the end of the header. */
  readonly offset: number;
  readonly bytes: number;
}

function layOut(tensors: readonly WrittenTensor[], metadata: Metadata) {
  const places = new Map<string, Place>();
  let end = 0;
  for (const { name, type, shape } of tensors) {
    if (places.has(name)) throw new RangeError(`two tensors are called '${name}'`);
    const bytes = shape.reduce((product, size) => product * size, typeBytes[type]);
    places.set(name, { type, offset: end, bytes });
    end += bytes;
  }
  const entries = tensors.map(({ name, type, shape }) => {
    const { offset, bytes } = places.get(name) as Place;
    return [name, { dtype: typeNames[type], shape, data_offsets: [offset, offset + bytes] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries]));
  const text = new TextEncoder().encode(json);
  // Tensors begin at a multiple of 8, as the format's own writer has it; blanks after JSON are allowed.
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return { header, places, end };
}

async function writeValues(
  handle: FileHandle,
  { type, offset }: { type: Exclude<WrittenType, 'u8'>; offset: number },
  values: Float32Array,
): Promise<void> {
  if (type === 'f32') {
    return writeAll(handle, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
  }
  const piece = new Uint16Array(Math.min(PIECE_VALUES, values.length));
  for (let first = 0; first < values.length; first += PIECE_VALUES) {
    const here = values.subarray(first, first + PIECE_VALUES);
    const out = piece.subarray(0, here.length);
    if (type === 'bf16') toBfloatsInto(here, out);
    else toHalvesInto(here, out);
    await writeAll(handle, new Uint8Array(out.buffer, 0, out.byteLength), offset + 2 * first);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const wanted = Math.min(bytes.length - done, 64 * 1024 * 1024);
    const { bytesWritten } = await handle.write(bytes, done, wanted, offset + done);
    done += bytesWritten;
  }
}
