import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type GgufFile, openGguf } from '../../src/graph/gguf.ts';
import { temporaryFolder } from '../programs.ts';
import { failureOf } from './failing.ts';
import {
  ggufBytes,
  str,
  strings,
  textBytes,
  u32,
  uint32Bytes,
  uint64Bytes,
  type WrittenGguf,
} from './gguf-bytes.ts';

const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const matrix = { shape: [2, 3], type: 0, data: floats([1, 2, 3, 4, 5, 6]) };
const vector = { shape: [2], type: 0, data: floats([7, 8]) };
const small: WrittenGguf = {
  metadata: { 'general.architecture': str('llama') },
  tensors: { matrix, vector },
};

function written(bytes: Uint8Array): string {
  const file = join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, bytes);
  return file;
}
const opened = (gguf: WrittenGguf): Promise<GgufFile> => openGguf(written(ggufBytes(gguf)));
const refused = async (bytes: Uint8Array): Promise<string> => {
  const failure = await failureOf(openGguf(written(bytes)));
  expect(failure.message).toContain(failure.file);
  return failure.message;
};

describe('a GGUF file', () => {
  it.each([2, 3])('of version %d gives its metadata and its tensors', async (version) => {
    const gguf = await opened({ ...small, version });
    expect([...gguf.metadata]).toEqual([['general.architecture', 'llama']]);
    expect([...gguf.tensors.values()]).toEqual([
      { name: 'matrix', type: 'f32', shape: [2, 3] },
      { name: 'vector', type: 'f32', shape: [2] },
    ]);
    expect([...(await gguf.readFloat32('matrix'))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await gguf.readFloat32('vector'))]).toEqual([7, 8]);
    expect((await failureOf(gguf.readFloat32('other'))).message).toContain("no tensor 'other'");
    await gguf.close();
  });

  it('reads values of every type, alone and in arrays', async () => {
    const values: Record<number, number | bigint | boolean | string> = {
      0: 200,
      1: -100,
      2: 60000,
      3: -30000,
      4: 4e9,
      5: -2e9,
      6: 0.5,
      7: true,
      8: '\ufeffß\0',
      10: 2 ** 53,
      11: -(2 ** 53),
      12: Math.PI,
    };
    const metadata = Object.fromEntries(
      Object.entries(values).flatMap(([type, value]) => [
        [type, { type: Number(type), value }],
        [`${type}s`, { type: Number(type), items: [value, value] }],
      ]),
    );
    const gguf = await opened({ metadata });
    for (const [type, value] of Object.entries(values)) {
      expect(gguf.metadata.get(type)).toBe(value);
      const stored = type === '7' ? 1 : value;
      expect([...(gguf.metadata.get(`${type}s`) as string[])]).toEqual([stored, stored]);
    }
    await gguf.close();
  });

  it('reads a header larger than the first window, whole', async () => {
    const tokens = Array.from({ length: 60_000 }, (_, i) => `token ${i}`);
    const gguf = await opened({ ...small, metadata: { tokens: strings(tokens), after: u32(1) } });
    expect(gguf.metadata.get('tokens')).toEqual(tokens);
    expect([...(await gguf.readFloat32('vector'))]).toEqual([7, 8]);
    await gguf.close();
  });

  it('keeps the alignment that its header gives', async () => {
    const gguf = await opened({ ...small, metadata: { 'general.alignment': u32(64) }, alignment: 64 });
    expect([...(await gguf.readFloat32('vector'))]).toEqual([7, 8]);
    await gguf.close();
  });

  it('gives blocks and half precision as float32', async () => {
    const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/ggml-blocks.json'), 'utf8'));
    const { bytes, values } = golden.blocks.q6_k;
    const gguf = await opened({
      metadata: {},
      tensors: {
        q6_k: { shape: [2, 256], type: 14, data: Buffer.from(bytes, 'base64') },
        f16: { shape: [1], type: 1, data: Uint8Array.of(0x00, 0x3c) },
        bf16: { shape: [1], type: 30, data: Uint8Array.of(0x80, 0x3f) },
      },
    });
    expect(Buffer.from((await gguf.readFloat32('q6_k')).buffer).toString('base64')).toBe(values);
    expect([...(await gguf.readFloat32('f16')), ...(await gguf.readFloat32('bf16'))]).toEqual([1, 1]);
    await gguf.close();
  });

  const tensor = (change: object): WrittenGguf => ({
    ...small,
    tensors: { matrix: { ...matrix, ...change }, vector },
  });
  it.each<[string, WrittenGguf]>([
    ['version 1 of the GGUF format', { ...small, version: 1 }],
    ['big-endian', { ...small, version: 0x03000000 }],
    ['does not fit into it', tensor({ shape: [2, 2 ** 40] })],
    ['does not fit into it', tensor({ shape: [2 ** 32, 2 ** 32] })],
    ['does not fit into it', tensor({ offset: 2n ** 63n })],
    ['does not fit into it', tensor({ offset: 8 })],
    ['does not fit into it', tensor({ type: 8, shape: [32, 1] })],
    ['overlaps the one before it', tensor({ offset: 32 })],
    ['has the type Q2_K', tensor({ type: 10 })],
    ['has the type number 99', tensor({ type: 99 })],
    ['would have 5 dimensions', tensor({ shape: [1, 1, 1, 2, 3] })],
    ['aligned in a way', { ...small, metadata: { 'general.alignment': u32(24) } }],
    ['aligned in a way', { ...small, metadata: { 'general.alignment': u32(0) } }],
    ['aligned in a way', { ...small, metadata: { 'general.alignment': str('32') } }],
  ])('is refused where %s', async (why, gguf) => {
    expect(await refused(ggufBytes(gguf))).toContain(why);
  });

  it('is refused where a key or a tensor comes twice', async () => {
    const twice = (bytes: Buffer, name: string, other: string): Buffer => {
      const at = bytes.indexOf(other);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(name), bytes.subarray(at + other.length)]);
    };
    const keys = ggufBytes({ metadata: { aa: u32(1), bb: u32(2) } });
    expect(await refused(twice(keys, 'aa', 'bb'))).toContain("the key 'aa' twice");
    const tensors = ggufBytes({ metadata: {}, tensors: { aa: vector, bb: vector } });
    expect(await refused(twice(tensors, 'aa', 'bb'))).toContain("the tensor 'aa' twice");
  });

  it('is refused where counts and lengths are not believable', async () => {
    const head = (tensors: number | bigint, keys: number | bigint): Buffer =>
      Buffer.concat([Buffer.from('GGUF'), uint32Bytes(3), uint64Bytes(tensors), uint64Bytes(keys)]);
    expect(await refused(head(2n ** 64n - 1n, 0))).toContain('tensors, and a model has at most');
    expect(await refused(head(0, 2n ** 40n))).toContain('keys, and a model has at most');
    const key = Buffer.concat([head(0, 1), uint64Bytes(2n ** 62n)]);
    expect(await refused(key)).toContain('a name in its header has');
    const value = (...parts: Buffer[]): Buffer => Buffer.concat([head(0, 1), textBytes('k'), ...parts]);
    const endless = 'goes on past the end of the file';
    expect(await refused(value(uint32Bytes(8), uint64Bytes(100)))).toContain(endless);
    expect(await refused(value(uint32Bytes(9), uint32Bytes(5), uint64Bytes(2n ** 61n)))).toContain(endless);
    expect(await refused(value(uint32Bytes(9), uint32Bytes(8), uint64Bytes(2n ** 61n)))).toContain(endless);
    expect(await refused(value(uint32Bytes(13), uint64Bytes(0)))).toContain('unknown type 13');
    expect(await refused(value(uint32Bytes(9), uint32Bytes(9), uint64Bytes(1)))).toContain('unknown type 9');
    expect(await refused(Buffer.from('GGML'))).toContain('not a GGUF file');
    expect(await refused(Buffer.alloc(0))).toContain(endless);
  });
});
