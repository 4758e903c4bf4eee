import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedTokenizer } from '../../src/runtime/shared-tokenizer.ts';
import type { Tokenizer } from '../../src/runtime/tokenizer.ts';
import { pocket, temporaryFolder } from '../programs.ts';

const ROWS = 4096;
const files = ['tokenizer.json', 'tokenizer_config.json'] as const;

/** A copy of the code expert's files. */
function copied(): string {
  const folder = temporaryFolder();
  for (const name of files) copyFileSync(join(pocket('code'), name), join(folder, name));
  return folder;
}

const of = (folder: string, rows = ROWS): Promise<Tokenizer> =>
  sharedTokenizer(join(folder, files[0]), join(folder, files[1]), rows);

function change(folder: string, name: (typeof files)[number], change: object): void {
  const json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  writeFileSync(join(folder, name), JSON.stringify({ ...json, ...change }));
}

describe('a tokenizer', () => {
  it('is one for all whose files hold the same, wherever they lie and however many come at once', async () => {
    const [a, b] = [copied(), copied()];
    const [one, two] = await Promise.all([of(a), of(b)]);
    expect(two).toBe(one);
    expect(await of(a)).toBe(one);
    expect(one.encode('const a')).toEqual((await of(pocket('code'))).encode('const a'));
  });

  it('is another where a file or the model differs (negative control)', async () => {
    const [folder, other] = [copied(), copied()];
    const one = await of(folder);
    change(other, 'tokenizer_config.json', { chat_template: 'another' });
    expect((await of(other)).chatTemplate).toBe('another');
    expect(one.chatTemplate).not.toBe('another');
    expect(await of(folder, ROWS + 1)).not.toBe(one);
    // The same place with other contents.
    change(folder, 'tokenizer_config.json', { chat_template: 'later' });
    expect((await of(folder)).chatTemplate).toBe('later');
    rmSync(join(folder, 'tokenizer_config.json'));
    expect((await of(folder)).chatTemplate).toBeUndefined();
  });

  it('that cannot be read is refused with the file of each who asks', async () => {
    const folders = [copied(), copied()];
    for (const folder of folders) change(folder, 'tokenizer.json', { model: { type: 'Unheard' } });
    const ends = await Promise.allSettled(folders.map((folder) => of(folder)));
    for (const [i, end] of ends.entries()) {
      expect(end.status === 'rejected' && String(end.reason)).toContain(folders[i]);
    }
    await expect(of(join(folders[0] ?? '', 'nowhere'))).rejects.toThrow('nowhere');
  });
});
