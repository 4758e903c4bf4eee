/** Writes GGUF files, version 3 unless told, for the tests. */

import { Buffer } from 'node:buffer';

/** A value with its type: the number of gguf_metadata_value_type, in arrays that of the items. */
export type Written =
  | { readonly type: number; readonly value: number | bigint | boolean | string }
  | { readonly type: number; readonly items: readonly (number | bigint | boolean | string)[] };

export interface WrittenGguf {
  readonly version?: number;
  readonly metadata: Readonly<Record<string, Written>>;
  readonly tensors?: Readonly<Record<string, WrittenGgufTensor>>;
  readonly alignment?: number;
}

export interface WrittenGgufTensor {
  /** Outermost first, as the reader gives it. */
  readonly shape: readonly number[];
  /** The number of ggml_type. */
  readonly type: number;
  readonly data: Uint8Array;
  /** Instead of the place where the data is. */
  readonly offset?: number | bigint;
}

export const u32 = (value: number): Written => ({ type: 4, value });
export const f32Value = (value: number): Written => ({ type: 6, value });
export const bool = (value: boolean): Written => ({ type: 7, value });
export const str = (value: string): Written => ({ type: 8, value });
export const strings = (items: readonly string[]): Written => ({ type: 8, items });
export const i32s = (items: readonly number[]): Written => ({ type: 5, items });
export const f32s = (items: readonly number[]): Written => ({ type: 6, items });

export function uint32Bytes(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

export function uint64Bytes(value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

export function textBytes(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64Bytes(bytes.length), bytes]);
}

function one(type: number, value: number | bigint | boolean | string): Buffer {
  const out = Buffer.alloc(8);
  const number = Number(value);
  switch (type) {
    case 0:
    case 7:
      out.writeUInt8(number);
      return out.subarray(0, 1);
    case 1:
      out.writeInt8(number);
      return out.subarray(0, 1);
    case 2:
      out.writeUInt16LE(number);
      return out.subarray(0, 2);
    case 3:
      out.writeInt16LE(number);
      return out.subarray(0, 2);
    case 4:
      return uint32Bytes(number);
    case 5:
      out.writeInt32LE(number);
      return out.subarray(0, 4);
    case 6:
      out.writeFloatLE(number);
      return out.subarray(0, 4);
    case 8:
      return textBytes(String(value));
    case 10:
      return uint64Bytes(value as number | bigint);
    case 11:
      out.writeBigInt64LE(BigInt(value as number | bigint));
      return out;
    case 12:
      out.writeDoubleLE(number);
      return out;
    default:
      throw new Error(`no such type: ${type}`);
  }
}

function valueBytes(written: Written): Buffer {
  if ('value' in written) return Buffer.concat([uint32Bytes(written.type), one(written.type, written.value)]);
  const head = [uint32Bytes(9), uint32Bytes(written.type), uint64Bytes(written.items.length)];
  return Buffer.concat([...head, ...written.items.map((item) => one(written.type, item))]);
}

export function ggufBytes({ version = 3, metadata, tensors = {}, alignment = 32 }: WrittenGguf): Buffer {
  const pad = (length: number): Buffer => Buffer.alloc((alignment - (length % alignment)) % alignment);
  const places: Buffer[] = [];
  const data: Buffer[] = [];
  let end = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    places.push(
      textBytes(name),
      uint32Bytes(tensor.shape.length),
      ...[...tensor.shape].reverse().map(uint64Bytes),
      uint32Bytes(tensor.type),
      uint64Bytes(tensor.offset ?? end),
    );
    const padded = Buffer.concat([tensor.data, pad(tensor.data.length)]);
    data.push(padded);
    end += padded.length;
  }
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    uint32Bytes(version),
    uint64Bytes(Object.keys(tensors).length),
    uint64Bytes(Object.keys(metadata).length),
    ...Object.entries(metadata).flatMap(([key, written]) => [textBytes(key), valueBytes(written)]),
    ...places,
  ]);
  return Buffer.concat([header, pad(header.length), ...data]);
}
