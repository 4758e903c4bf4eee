/** What of a path is to be an expert, and what is refused. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderKind } from '../../src/models/folder-kind.ts';
import { importPlace } from '../../src/models/import-place.ts';
import { failureOf } from '../graph/failing.ts';
import { temporaryFolder } from '../programs.ts';

/** Files by their path; those called .gguf begin as such files do, unless they say what they hold. */
function folderWith(...files: readonly (string | readonly [string, string])[]): string {
  const folder = temporaryFolder();
  for (const file of files) {
    const [name, text = name.endsWith('.gguf') ? 'GGUF...' : ''] = typeof file === 'string' ? [file] : file;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const safetensors = ['config.json', 'tokenizer.json', 'model.safetensors'];
const export_ = ['config.json', 'tokenizer.json', 'onnx/model.onnx', 'onnx/model.onnx_data'];
const genai = ['genai_config.json', 'model.onnx', 'model.onnx.data'];
const adapter = ['adapter_config.json', 'adapter_model.safetensors'];
const parts = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];

describe('one model', () => {
  it.each([
    ['a folder of safetensors', safetensors, '.', '.'],
    ['its tensors', safetensors, 'model.safetensors', '.'],
    ['its config', safetensors, 'config.json', '.'],
    [
      'one of many files of tensors',
      ['config.json', 'model.safetensors.index.json'],
      'model.safetensors.index.json',
      '.',
    ],
    ['an export of transformers.js', export_, '.', '.'],
    ['its folder of graphs', export_, 'onnx', '.'],
    ['its graph', export_, 'onnx/model.onnx', '.'],
    ['the weights beside the graph', export_, 'onnx/model.onnx_data', '.'],
    ['an export of onnxruntime-genai', genai, '.', '.'],
    ['its graph', genai, 'model.onnx', '.'],
    ['an adapter', adapter, '.', '.'],
    ['the tensors of an adapter', adapter, 'adapter_model.safetensors', '.'],
    ['a GGUF file', ['a.gguf', 'b.gguf'], 'b.gguf', 'b.gguf'],
    ['a folder with one', ['a.gguf', 'README.md'], '.', '.'],
    ['a folder with one in parts', parts, '.', '.'],
    ['a later part of one', parts, 'm-00002-of-00002.gguf', 'm-00001-of-00002.gguf'],
    ['the one beside what sees pictures for it', ['a.gguf', 'mmproj-a.gguf'], '.', '.'],
    ['a GGUF file under its hash', [['sha256-0a', 'GGUF'] as const], 'sha256-0a', 'sha256-0a'],
    ['the only model below a folder', ['x/config.json', 'x/model.safetensors'], '.', 'x'],
  ])('is %s', async (_, files, path, place) => {
    const folder = folderWith(...files);
    expect(await importPlace(join(folder, path))).toMatchObject({ kind: 'one', place: join(folder, place) });
  });

  it('has the name of its folder, or of its file without the ending', async () => {
    const folder = folderWith('Qwen2.5-Coder.Q4_K_M.gguf', 'toy/model.safetensors');
    expect(await importPlace(join(folder, 'Qwen2.5-Coder.Q4_K_M.gguf'))).toMatchObject({
      name: 'Qwen2.5-Coder.Q4_K_M',
    });
    expect(await importPlace(join(folder, 'toy'))).toMatchObject({ name: 'toy' });
  });

  it('is the current revision in the cache of a hub, by the name it has there', async () => {
    const hub = 'models--Some--Model-1B';
    const folder = folderWith(
      [`${hub}/refs/main`, 'bbbb\n'],
      `${hub}/snapshots/aaaa/model.safetensors`,
      `${hub}/snapshots/bbbb/model.safetensors`,
    );
    expect(await importPlace(join(folder, hub))).toEqual({
      kind: 'one',
      place: join(folder, hub, 'snapshots', 'bbbb'),
      name: 'Model-1B',
    });
  });

  it('of a hub is chosen from, where its revision holds several', async () => {
    const hub = 'models--Some--Model-GGUF';
    const folder = folderWith(
      [`${hub}/refs/main`, 'bbbb\n'],
      `${hub}/snapshots/bbbb/model.Q4_0.gguf`,
      `${hub}/snapshots/bbbb/model.Q8_0.gguf`,
    );
    const found = await importPlace(join(folder, hub));
    const place = (name: string): string => join(folder, hub, 'snapshots', 'bbbb', name);
    expect(found).toEqual({ kind: 'several', places: [place('model.Q4_0.gguf'), place('model.Q8_0.gguf')] });
  });

  it('of another revision is not looked for outside the cache of the hub', async () => {
    const folder = folderWith(
      ['h/refs/main', '../../elsewhere'],
      'h/snapshots/aaaa/model.safetensors',
      'elsewhere/x',
    );
    expect(await importPlace(join(folder, 'h'))).toMatchObject({ place: join(folder, 'h/snapshots/aaaa') });
  });
});

describe('several models', () => {
  it('are for the user to choose from: files in one folder, and folders in one', async () => {
    const files = folderWith('b.gguf', 'a.gguf', ...parts, 'mmproj-b.gguf');
    expect(await importPlace(files)).toEqual({
      kind: 'several',
      places: ['a.gguf', 'b.gguf', 'm-00001-of-00002.gguf'].map((name) => join(files, name)),
    });
    const folders = folderWith(
      'x/model.safetensors',
      'y/adapter_config.json',
      'z/q4.gguf',
      'z/q8.gguf',
      'n/notes.txt',
    );
    expect(await importPlace(folders)).toEqual({
      kind: 'several',
      places: ['x', 'y', 'z/q4.gguf', 'z/q8.gguf'].map((name) => join(folders, name)),
    });
  });
});

describe('refused is', () => {
  it.each([
    ['what is not there', [], 'nothing', /is not there/],
    ['an empty folder', [], '.', /no model of a kind that Chorus reads.*GGUF files/],
    ['text', ['notes.txt'], 'notes.txt', /no model of a kind/],
    ['a pickle', ['pytorch_model.bin'], 'pytorch_model.bin', /can hold programs.*safetensors or GGUF/],
    ['a folder of pickles', ['config.json', 'pytorch_model.bin'], '.', /can hold programs/],
    ['an archive', ['model.tar'], 'model.tar', /is an archive.*Unpack/],
    ['another file of tensors', ['lora.safetensors'], 'lora.safetensors', /called model\.safetensors/],
    [
      'what only is called GGUF',
      [['a.gguf', 'PK\u0003\u0004'] as const],
      'a.gguf',
      /not a GGUF file, whatever/,
    ],
    ['an empty GGUF file', [['a.gguf', ''] as const], 'a.gguf', /not a GGUF file/],
    [
      'a pointer',
      [['model.safetensors', 'version https://git-lfs.github.com/spec/v1\noid'] as const],
      'model.safetensors',
      /pointer of Git LFS.*git lfs pull/,
    ],
    ['a graph without its folder', ['lonely.onnx'], 'lonely.onnx', /no model of a kind/],
  ])('%s, with a sentence', async (_, files, path, sentence) => {
    const folder = folderWith(...files);
    const { message, file } = await failureOf(importPlace(join(folder, path)));
    expect(message).toMatch(sentence);
    expect(message).toContain(folder);
    expect(file).toContain(folder);
  });

  it('what leads round in a circle', async () => {
    const folder = temporaryFolder();
    symlinkSync(folder, join(folder, 'again'));
    expect((await failureOf(importPlace(join(folder, 'again', 'again')))).code).toBe('unsupported');
  });
});

describe('the kind of a file', () => {
  it('is told by its first bytes where its name does not say it', async () => {
    const folder = folderWith(['sha256-0a', 'GGUF'], ['sha256-0b', 'GGU']);
    expect(await folderKind(join(folder, 'sha256-0a'))).toEqual({
      kind: 'gguf',
      file: join(folder, 'sha256-0a'),
    });
    expect(await folderKind(join(folder, 'sha256-0b'))).toEqual({ kind: 'model' });
  });
});
