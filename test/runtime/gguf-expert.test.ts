/** One GGUF file, in a folder or alone, as an expert. */

import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../src/runtime/layout.ts';
import { failureOf } from '../graph/failing.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { lastRows, openModel } from './opened.ts';
import { POCKET_TEMPLATE, pocketGguf } from './pocket-gguf.ts';

describe('a GGUF file', () => {
  const context = Int32Array.from({ length: 70 }, (_, i) => (i * 37) % 4000);

  it('alone in its folder is an expert with its own tokenizer and template, and gives the logits of the export', async () => {
    const [folder, cache] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(folder, 'model-f32.gguf'), await pocketGguf());
    const progress: number[] = [];
    const expert = await openModel(folder, cache, progress);
    expect(progress.length).toBeGreaterThan(6);
    const exported = await openModel(pocket('code'), cache);
    // The same table of tokens: such experts are mixed token by token.
    expect(expert.tokenizer.hash).toBe(exported.tokenizer.hash);
    expect(expert.tokenizer.chatTemplate).toBe(POCKET_TEMPLATE);
    expect(expert.endTokens).toEqual(exported.endTokens);
    expect(expert.contextLength).toBe(1024);
    const [actual, expected] = [await lastRows(expert, context, 1), await lastRows(exported, context, 1)];
    for (const [i, value] of expected.entries())
      expect(Math.abs(value - (actual[i] ?? Number.NaN))).toBeLessThan(1e-3);
    await Promise.all([expert.dispose(), exported.dispose()]);
  });

  it('may be named itself, is built once, and what is kept of it is made anew where it is damaged', async () => {
    const [folder, cache] = [temporaryFolder(), temporaryFolder()];
    const file = join(folder, 'model.gguf');
    writeFileSync(file, await pocketGguf());
    writeFileSync(join(folder, 'other.gguf'), 'not looked at');
    const first = await openModel(file, cache);
    const expected = await lastRows(first, context, 1);
    await first.dispose();

    const again: number[] = [];
    const found = await openModel(file, cache, again);
    // Nothing was converted.
    expect(again).toEqual([]);
    expect(await lastRows(found, context, 1)).toEqual(expected);
    await found.dispose();

    const [kept = ''] = readdirSync(join(cache, 'gguf'));
    const tokenizer = join(cache, 'gguf', kept, 'tokenizer.json');
    rmSync(tokenizer);
    writeFileSync(join(cache, 'gguf', kept, 'model.json'), '{"layers": 6');
    const anew = await openModel(file, cache);
    expect(existsSync(tokenizer)).toBe(true);
    expect(await lastRows(anew, context, 1)).toEqual(expected);
    await anew.dispose();
  });
});

describe('a folder', () => {
  const at = (folder: string) => layoutOf({ folder, precision: 'auto', cacheFolder: temporaryFolder() });

  it('with several GGUF files is refused with their names', async () => {
    const folder = temporaryFolder();
    for (const name of ['b.gguf', 'a.GGUF']) writeFileSync(join(folder, name), '');
    const { code, message } = await failureOf(at(folder));
    expect(code).toBe('config-invalid');
    expect(message).toContain('2 GGUF files (a.GGUF, b.gguf)');
  });

  it('with a graph is that model, whatever else lies in it', async () => {
    const folder = join(temporaryFolder(), 'model');
    cpSync(pocket('code'), folder, { recursive: true });
    for (const name of ['a.gguf', 'b.gguf', 'adapter_config.json']) writeFileSync(join(folder, name), '');
    expect((await at(folder)).format).toBe('onnx');
    // Without its graph the two files are what is left.
    renameSync(join(folder, 'onnx'), join(folder, 'elsewhere'));
    for (const name of ['genai_config.json', 'adapter_config.json']) rmSync(join(folder, name));
    expect((await failureOf(at(folder))).message).toContain('2 GGUF files');
  });

  it('that is named like a GGUF file is looked into', async () => {
    const folder = join(temporaryFolder(), 'model.gguf');
    mkdirSync(folder);
    expect((await failureOf(at(folder))).message).toContain('config.json is missing');
  });
});
