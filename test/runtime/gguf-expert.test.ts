/** One GGUF file, in a folder or alone, as an expert. */

import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../src/runtime/layout.ts';
import { failureOf } from '../graph/failing.ts';
import { ggufBytes, u32 } from '../graph/gguf-bytes.ts';
import { counting } from '../graph/gguf-models.ts';
import { tinyGguf, tinyGgufParts } from '../graph/tiny-gguf.ts';
import { tinyModel } from '../graph/tiny-models.ts';
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

describe('a GGUF model in several files', () => {
  const model = tinyModel('gemma3');
  const name = (no: number) => `tiny-0000${no}-of-00003.gguf`;
  const parts = tinyGgufParts(model, 3);
  function split(...kept: number[]): string {
    const folder = temporaryFolder();
    for (const no of kept) writeFileSync(join(folder, name(no)), parts[no - 1] ?? Buffer.alloc(0));
    return folder;
  }

  it('is one model, named by its folder or by any of its parts, and gives the logits of the whole', async () => {
    const cache = temporaryFolder();
    const whole = join(temporaryFolder(), 'tiny.gguf');
    writeFileSync(whole, tinyGguf(model));
    const context = Int32Array.from(model.tokens);
    const expected = await openModel(whole, cache);
    const rows = await lastRows(expected, context, 1);
    const folder = split(1, 2, 3);
    for (const place of [folder, join(folder, name(1)), join(folder, name(3))]) {
      const expert = await openModel(place, cache);
      expect(await lastRows(expert, context, 1)).toEqual(rows);
      await expert.dispose();
    }
    await expected.dispose();
    const { graphBytes } = await layoutOf({ folder, precision: 'fp32', cacheFolder: cache });
    expect(graphBytes).toBe(parts.reduce((sum, { length }) => sum + length, 0));
  });

  it('is refused by name where a part is missing, of another model, or two have one tensor', async () => {
    const refused = async (folder: string) => (await failureOf(openModel(folder, temporaryFolder()))).message;
    expect(await refused(split(1, 3))).toMatch(/tiny-00002-of-00003\.gguf is missing/);
    const mixed = split(1, 2);
    writeFileSync(join(mixed, name(3)), parts[1] ?? '');
    expect(await refused(mixed)).toMatch(/tiny-00003-of-00003\.gguf cannot be used: it is not part 3 of 3/);
    const other = split(1, 2);
    const tensors = { 'token_embd.weight': counting([96, 32]) };
    const metadata = { 'split.no': u32(2), 'split.count': u32(3) };
    writeFileSync(join(other, name(3)), ggufBytes({ metadata, tensors }));
    expect(await refused(other)).toMatch(/'token_embd.weight', which a part before it has too/);
    const alone = join(temporaryFolder(), 'model.gguf');
    writeFileSync(alone, parts[0] ?? '');
    expect(await refused(alone)).toMatch(/one of 3 files/);
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
