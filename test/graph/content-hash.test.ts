import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../../src/graph/content-hash.ts';
import { temporaryFolder } from '../programs.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const large = (fill: number): Uint8Array => new Uint8Array(2 ** 20 + 7).fill(fill);

describe('the hash of a file', () => {
  it('is that of its content, and known of a large file once it was read', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'model');
    writeFileSync(file, large(1));
    expect(await contentHash(file, folder)).toBe(sha256(large(1)));
    const [known = ''] = readdirSync(join(folder, 'contents'));
    // It is taken from there: another one written in its place is given.
    writeFileSync(join(folder, 'contents', known), 'f'.repeat(64));
    expect(await contentHash(file, folder)).toBe('f'.repeat(64));
    writeFileSync(join(folder, 'contents', known), 'cut short');
    expect(await contentHash(file, folder)).toBe(sha256(large(1)));
  });

  it('is another once the file was written to, though its size and time are as before', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'model');
    const time = new Date(1000);
    for (const fill of [1, 2]) {
      writeFileSync(file, large(fill));
      utimesSync(file, time, time);
      expect(await contentHash(file, folder)).toBe(sha256(large(fill)));
    }
    // Another file moved to its place.
    writeFileSync(join(folder, 'other'), large(3));
    utimesSync(join(folder, 'other'), time, time);
    renameSync(join(folder, 'other'), file);
    expect(await contentHash(file, folder)).toBe(sha256(large(3)));
  });

  it('of a small file leaves nothing behind; a cache that cannot be written is no hindrance', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'config.json');
    writeFileSync(file, '{}');
    expect(await contentHash(file, folder)).toBe(sha256('{}'));
    expect(readdirSync(folder)).toEqual(['config.json']);
    writeFileSync(file, large(4));
    expect(await contentHash(file, file)).toBe(sha256(readFileSync(file)));
    mkdirSync(join(folder, 'contents', 'taken'), { recursive: true });
    await expect(contentHash(join(folder, 'missing'), folder)).rejects.toThrow('ENOENT');
  });
});
