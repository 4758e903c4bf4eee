/** Writes safetensors files for the tests. */

import { Buffer } from 'node:buffer';

export interface WrittenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A whole file; `change` may spoil the header before it is written. */
export function safetensorsBytes(
  tensors: Readonly<Record<string, WrittenTensor>>,
  change: (header: Record<string, unknown>) => unknown = (header) => header,
): Buffer {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] };
    end += data.length;
  }
  return withHeader(
    JSON.stringify(change(header)),
    Object.values(tensors).map(({ data }) => data),
  );
}

export function withHeader(header: string, data: readonly Uint8Array[]): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), ...data]);
}

export function f32(shape: readonly number[], values: readonly number[]): WrittenTensor {
  return { dtype: 'F32', shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}

export function halves(dtype: 'F16' | 'BF16', bits: readonly number[]): WrittenTensor {
  return { dtype, shape: [bits.length], data: new Uint8Array(Uint16Array.from(bits).buffer) };
}
