import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSafetensors } from '../../src/graph/safetensors.ts';
import { openSafetensorsFolder } from '../../src/graph/safetensors-folder.ts';
import { temporaryFolder } from '../programs.ts';
import { failureOf } from './failing.ts';
import { f32, halves, safetensorsBytes, withHeader } from './safetensors-bytes.ts';

const pair = { a: f32([2, 3], [1, 2, 3, 4, 5, 6]), b: f32([2], [7, 8]) };

function written(bytes: Uint8Array): string {
  const file = join(temporaryFolder(), 'model.safetensors');
  writeFileSync(file, bytes);
  return file;
}

async function refused(bytes: Uint8Array): Promise<string> {
  const file = written(bytes);
  const failure = await failureOf(openSafetensors(file));
  expect(failure.file).toBe(file);
  expect(failure.message).toContain(file);
  return failure.message;
}

describe('a safetensors file', () => {
  it('gives each tensor with its shape, as float32', async () => {
    const source = await openSafetensors(written(safetensorsBytes(pair)));
    expect([...source.tensors.values()]).toEqual([
      { name: 'a', type: 'f32', shape: [2, 3] },
      { name: 'b', type: 'f32', shape: [2] },
    ]);
    expect([...(await source.readFloat32('b'))]).toEqual([7, 8]);
    expect([...(await source.readFloat32('a'))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await failureOf(source.readFloat32('c'))).message).toContain("no tensor 'c'");
    await source.close();
  });

  it('decodes float16 and bfloat16 exactly, down to the smallest and past the largest', async () => {
    const source = await openSafetensors(
      written(
        safetensorsBytes({
          f16: halves(
            'F16',
            [0x3c00, 0xc000, 0x0001, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x3555],
          ),
          bf16: halves('BF16', [0x3f80, 0xc000, 0x0001, 0x7f7f, 0xff80, 0x8000]),
        }),
      ),
    );
    expect([...(await source.readFloat32('f16'))]).toEqual([
      1,
      -2,
      2 ** -24,
      -1023 * 2 ** -24,
      2 ** -14,
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      0.333251953125,
    ]);
    expect([...(await source.readFloat32('bf16'))]).toEqual([
      1,
      -2,
      2 ** -133,
      255 * 2 ** 120,
      Number.NEGATIVE_INFINITY,
      -0,
    ]);
    await source.close();
  });

  it('reads tensors larger than one piece, and tensors without values', async () => {
    const bits = Array.from({ length: 700_000 }, (_, i) => i & 0x3fff);
    const source = await openSafetensors(
      written(safetensorsBytes({ long: halves('BF16', bits), none: f32([0, 5], []) })),
    );
    const long = await source.readFloat32('long');
    const view = new Uint32Array(long.buffer);
    expect(bits.every((value, i) => view[i] === value << 16)).toBe(true);
    expect(await source.readFloat32('none')).toHaveLength(0);
    await source.close();
  });

  it('keeps tensors named like members of objects', async () => {
    const source = await openSafetensors(
      written(
        withHeader('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', [f32([], [3]).data]),
      ),
    );
    expect([...(await source.readFloat32('__proto__'))]).toEqual([3]);
    expect((await failureOf(source.readFloat32('constructor'))).code).toBe('model-invalid');
    await source.close();
  });

  it.each<
    [string, (header: Record<string, { dtype: string; shape: unknown; data_offsets: unknown }>) => unknown]
  >([
    ['overlaps the one before it', (h) => ({ ...h, b: { ...h.b, data_offsets: [20, 28] } })],
    ['leaves a gap before it', (h) => ({ a: h.a, b: { ...h.b, data_offsets: [25, 33] } })],
    ['its tensors end at byte', (h) => ({ a: h.a })],
    ['which F32 of the shape [2,4] does not', (h) => ({ ...h, a: { ...h.a, shape: [2, 4] } })],
    ['does not', (h) => ({ ...h, a: { ...h.a, shape: [2 ** 32, 2 ** 32, 6] } })],
    ["type 'F64'", (h) => ({ ...h, a: { ...h.a, dtype: 'F64' } })],
    ["type 'constructor'", (h) => ({ ...h, a: { ...h.a, dtype: 'constructor' } })],
    ['not described', (h) => ({ ...h, a: { ...h.a, data_offsets: [-24, 0] } })],
    ['not described', (h) => ({ ...h, a: { ...h.a, data_offsets: [0, 24.5] } })],
    ['not described', (h) => ({ ...h, a: { ...h.a, shape: [2, -3] } })],
    ['not described', (h) => ({ ...h, a: { ...h.a, shape: '6' } })],
    ['not described', (h) => ({ ...h, a: null })],
    ['not a JSON object', () => [1]],
    ['not a JSON object', () => null],
  ])('is refused where %s', async (why, change) => {
    expect(await refused(safetensorsBytes(pair, (header) => change(header as never)))).toContain(why);
  });

  it('is refused where the header is cut, too long or no JSON', async () => {
    const whole = safetensorsBytes(pair);
    expect(await refused(whole.subarray(0, 7))).toContain('ends before');
    expect(await refused(whole.subarray(0, 20))).toContain('its header would have');
    const huge = Buffer.from(whole);
    huge.writeBigUInt64LE(2n ** 63n);
    expect(await refused(huge)).toContain('its header would have');
    expect(await refused(withHeader('{', []))).toContain('not valid JSON');
    expect(await refused(withHeader('{"a": 1}', []))).toContain("'a' is not described");
  });

  it('is refused where the header passes the limit, though the file is large enough', async () => {
    const file = written(withHeader('{}', []));
    truncateSync(file, 200_000_000);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(150_000_000n);
    writeFileSync(file, length, { flag: 'r+' });
    expect((await failureOf(openSafetensors(file))).message).toContain('a header at most 100000000');
  });

  it('is refused at the first of its errors, were there millions', async () => {
    let issues = 0;
    v.setGlobalMessage(() => {
      issues += 1;
      return 'wrong';
    });
    onTestFinished(() => v.deleteGlobalMessage());
    const shape = `[${'null,'.repeat(1000)}0]`;
    const header = `{"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,0]}}`;
    expect(await refused(withHeader(header, []))).toContain("'a' is not described");
    expect(issues).toBe(1);
  });

  it('is refused where it is missing or a folder', async () => {
    const folder = temporaryFolder();
    expect((await failureOf(openSafetensors(join(folder, 'none')))).code).toBe('file-missing');
    expect((await failureOf(openSafetensors(folder))).code).toBe('file-unreadable');
  });
});

describe('weights in several files', () => {
  function folderWith(map: Record<string, string>): string {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'one.safetensors'), safetensorsBytes({ a: pair.a }));
    writeFileSync(join(folder, 'two.safetensors'), safetensorsBytes({ b: pair.b }));
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    return folder;
  }

  it('read as one', async () => {
    const source = await openSafetensorsFolder(folderWith({ a: 'one.safetensors', b: 'two.safetensors' }));
    expect([...source.tensors.keys()]).toEqual(['a', 'b']);
    expect([...(await source.readFloat32('b'))]).toEqual([7, 8]);
    await source.close();
  });

  it('give way to a single file', async () => {
    const folder = folderWith({ a: 'one.safetensors' });
    writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes({ c: pair.b }));
    const source = await openSafetensorsFolder(folder);
    expect([...source.tensors.keys()]).toEqual(['c']);
    await source.close();
  });

  it('are refused where the list names anything but files beside it', async () => {
    for (const name of [
      '../one.safetensors',
      '/one.safetensors',
      'x/one.safetensors',
      '..',
      '',
      'one.bin',
      'C:\\one.safetensors',
    ]) {
      const { message } = await failureOf(openSafetensorsFolder(folderWith({ a: name })));
      expect(message).toContain('not the name of a file beside it');
    }
  });

  it('are refused where a name is a link that leads out of the folder, and not where it stays inside', async () => {
    const folder = folderWith({ a: 'link.safetensors' });
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'one.safetensors'), safetensorsBytes({ a: pair.a }));
    symlinkSync(join(outside, 'one.safetensors'), join(folder, 'link.safetensors'));
    expect((await failureOf(openSafetensorsFolder(folder))).message).toContain('leads out of the folder');

    const inside = folderWith({ a: 'link.safetensors' });
    symlinkSync('one.safetensors', join(inside, 'link.safetensors'));
    await (await openSafetensorsFolder(inside)).close();

    const linked = join(temporaryFolder(), 'linked');
    symlinkSync(inside, linked);
    await (await openSafetensorsFolder(linked)).close();
  });

  it('are refused where a file or a tensor is missing, and where the list is none', async () => {
    const missing = folderWith({ a: 'three.safetensors' });
    expect((await failureOf(openSafetensorsFolder(missing))).code).toBe('file-missing');
    const elsewhere = folderWith({ a: 'two.safetensors', b: 'two.safetensors' });
    expect((await failureOf(openSafetensorsFolder(elsewhere))).message).toContain(
      "'two.safetensors', which has none",
    );
    const none = folderWith(['one.safetensors'] as never);
    expect((await failureOf(openSafetensorsFolder(none))).message).toContain('must map tensors');
    const many = folderWith(
      Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`t${i}`, `f${i}.safetensors`])),
    );
    expect((await failureOf(openSafetensorsFolder(many))).message).toContain('names 501 files');
    const empty = temporaryFolder();
    expect((await failureOf(openSafetensorsFolder(empty))).code).toBe('file-missing');
    mkdirSync(join(empty, 'model.safetensors'));
    expect((await failureOf(openSafetensorsFolder(empty))).code).toBe('file-unreadable');
  });
});
