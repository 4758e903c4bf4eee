/**
 * The header of a GGUF file (github.com/ggml-org/ggml/blob/master/docs/gguf.md), version 2 or 3, little-endian: metadata by key, then
 * name, shape, type and place of every tensor. Nothing is allocated by a count or a length before as many bytes were seen.
 */

import { Buffer } from 'node:buffer';
import type { BinaryFile } from './binary-file.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';

export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Integers of 64 bits are numbers too; beyond 2^53 they lose their last digits, and no reader of them goes that far. */
export type GgufValue = number | boolean | string | readonly string[] | GgufNumbers;

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

export interface GgufTensor {
  readonly name: string;
  /** Row-major, outermost first: the order of the file reversed. */
  readonly shape: readonly number[];
  /** The number of ggml_type. */
  readonly type: number;
  /** From the start of the data. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
  /** Bytes up to the end of the last tensor's description. */
  readonly bytes: number;
}

const MEBIBYTE = 1024 * 1024;
/** The largest vocabularies need about 20 MiB. */
const LARGEST_HEADER = 256 * MEBIBYTE;
const FIRST_WINDOW = MEBIBYTE;
const GROWTH = 4;
const MOST_KEYS = 10_000;
const MOST_TENSORS = 100_000;
/** GGUF's own limit for keys; the other strings are bounded by the header. */
const LONGEST_NAME = 65_535;
const MOST_DIMENSIONS = 4;

/** The window ends inside the header: a larger one must be tried. */
class WindowEnd extends Error {}

/** Reads the header through a window that grows as it must. */
export async function readGgufHeader(binary: BinaryFile): Promise<GgufHeader> {
  const limit = Math.min(binary.size, LARGEST_HEADER);
  for (let size = Math.min(FIRST_WINDOW, limit); ; size = Math.min(size * GROWTH, limit)) {
    const window = Buffer.alloc(size);
    await binary.readInto(window, 0);
    try {
      return parse(binary.file, window, limit);
    } catch (thrown) {
      if (!(thrown instanceof WindowEnd)) throw thrown;
    }
  }
}

interface Cursor {
  readonly file: string;
  readonly window: Buffer;
  /** Bytes that a header of this file can have at most. */
  readonly limit: number;
  at: number;
}

/** Steps over `bytes` and gives where they begin. */
function take(cursor: Cursor, bytes: number): number {
  const begin = cursor.at;
  const end = begin + bytes;
  if (end > cursor.limit)
    throw invalidModel(cursor.file, 'its header goes on past the end of the file, or without end');
  if (end > cursor.window.length) throw new WindowEnd();
  cursor.at = end;
  return begin;
}

const uint32 = (cursor: Cursor): number => cursor.window.readUInt32LE(take(cursor, 4));
const uint64 = (cursor: Cursor): number => Number(cursor.window.readBigUInt64LE(take(cursor, 8)));

function text(cursor: Cursor, longest = LARGEST_HEADER): string {
  const length = uint64(cursor);
  if (length > longest) throw invalidModel(cursor.file, `a name in its header has ${length} bytes`);
  const begin = take(cursor, length);
  // Unlike TextDecoder it keeps a byte order mark, which may be a token.
  return cursor.window.toString('utf8', begin, begin + length);
}

function parse(file: string, window: Buffer, limit: number): GgufHeader {
  const cursor: Cursor = { file, window, limit, at: 0 };
  const magic = take(cursor, 4);
  if (window.toString('latin1', magic, magic + 4) !== 'GGUF')
    throw invalidModel(file, 'it is not a GGUF file');
  const version = uint32(cursor);
  if ((version & 0xffff) === 0) throw unsupportedModel(file, 'its numbers are big-endian');
  if (version !== 2 && version !== 3) {
    throw unsupportedModel(file, `it has version ${version} of the GGUF format, and Chorus reads 2 and 3`);
  }
  const tensorCount = bounded(cursor, 'tensors', MOST_TENSORS);
  const keyCount = bounded(cursor, 'keys', MOST_KEYS);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = text(cursor, LONGEST_NAME);
    if (metadata.has(key)) throw invalidModel(file, `its header has the key ${quoted(key)} twice`);
    metadata.set(key, readValue(cursor, key));
  }
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(readTensorInfo(cursor));
  return { metadata, tensors, bytes: cursor.at };
}

function bounded(cursor: Cursor, what: string, most: number): number {
  const count = uint64(cursor);
  if (count > most)
    throw invalidModel(cursor.file, `it would have ${count} ${what}, and a model has at most ${most}`);
  return count;
}

function readTensorInfo(cursor: Cursor): GgufTensor {
  const name = text(cursor, LONGEST_NAME);
  const dimensions = uint32(cursor);
  if (dimensions > MOST_DIMENSIONS) {
    throw invalidModel(cursor.file, `the tensor ${quoted(name)} would have ${dimensions} dimensions`);
  }
  const shape = Array.from({ length: dimensions }, () => uint64(cursor)).reverse();
  return { name, shape, type: uint32(cursor), offset: uint64(cursor) };
}

const STRING = 8;
const ARRAY = 9;

function readValue(cursor: Cursor, key: string): GgufValue {
  const type = uint32(cursor);
  if (type === STRING) return text(cursor);
  if (type === ARRAY) return readArray(cursor, key);
  const one = readNumbers(cursor, { key, type, count: 1 })[0] as number;
  return type === BOOLEAN ? one !== 0 : one;
}

function readArray(cursor: Cursor, key: string): readonly string[] | GgufNumbers {
  const type = uint32(cursor);
  const count = uint64(cursor);
  if (type !== STRING) return readNumbers(cursor, { key, type, count });
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(text(cursor));
  return strings;
}

const BOOLEAN = 7;

/** Bytes of a number of each type, and the array that holds such numbers; `from` begins on the array's own alignment. */
const numberTypes: ReadonlyMap<number, { bytes: number; array: (from: ArrayBuffer) => GgufNumbers }> =
  new Map([
    [0, { bytes: 1, array: (from: ArrayBuffer) => new Uint8Array(from) }],
    [1, { bytes: 1, array: (from: ArrayBuffer) => new Int8Array(from) }],
    [2, { bytes: 2, array: (from: ArrayBuffer) => new Uint16Array(from) }],
    [3, { bytes: 2, array: (from: ArrayBuffer) => new Int16Array(from) }],
    [4, { bytes: 4, array: (from: ArrayBuffer) => new Uint32Array(from) }],
    [5, { bytes: 4, array: (from: ArrayBuffer) => new Int32Array(from) }],
    [6, { bytes: 4, array: (from: ArrayBuffer) => new Float32Array(from) }],
    [BOOLEAN, { bytes: 1, array: (from: ArrayBuffer) => new Uint8Array(from) }],
    [10, { bytes: 8, array: (from: ArrayBuffer) => Float64Array.from(new BigUint64Array(from), Number) }],
    [11, { bytes: 8, array: (from: ArrayBuffer) => Float64Array.from(new BigInt64Array(from), Number) }],
    [12, { bytes: 8, array: (from: ArrayBuffer) => new Float64Array(from) }],
  ]);

function readNumbers(
  cursor: Cursor,
  { key, type, count }: { key: string; type: number; count: number },
): GgufNumbers {
  const found = numberTypes.get(type);
  if (found === undefined) {
    // Arrays of arrays are in the format, and in no model.
    throw invalidModel(
      cursor.file,
      `the value of ${quoted(key)} in its header is of the unknown type ${type}`,
    );
  }
  const begin = take(cursor, count * found.bytes);
  const { buffer, byteOffset } = cursor.window;
  const from = byteOffset + begin;
  return found.array((buffer as ArrayBuffer).slice(from, from + count * found.bytes));
}
