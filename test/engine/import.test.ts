/** Taking a model that the user has, what is known of it, and letting go of it. */

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { mergedFolder } from '../../src/models/cache-folder.ts';
import { modelsFolder, RECORD_NAME } from '../../src/models/stored-model.ts';
import type { ObtainProgress } from '../../src/protocol/obtain.ts';
import { pocket, programs, setting, temporaryFolder } from '../programs.ts';
import { modelFolder } from '../runtime/model-folder.ts';
import { pocketGguf } from '../runtime/pocket-gguf.ts';
import { ask, generated } from './bench.ts';

function imports() {
  const cacheFolder = temporaryFolder();
  const engine = createEngine({ programs, cacheFolder });
  onTestFinished(() => engine.dispose());
  const place = (folder: string, folders: readonly string[] = []) =>
    ({ folder, folders, precision: 'auto' }) as const;
  const entries = (name: string): string[] => {
    const folder = join(cacheFolder, name);
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  return {
    engine,
    cacheFolder,
    place,
    entries,
    take: (folder: string, onProgress: (progress: ObtainProgress) => void = () => {}) =>
      engine.obtain({ kind: 'import', ...place(folder) }, { onProgress }),
  };
}

/** As Ollama keeps it. */
async function blob(folder = temporaryFolder()): Promise<string> {
  const file = join(folder, 'sha256-0a');
  writeFileSync(file, await pocketGguf(1));
  return file;
}

async function why(outcome: ReturnType<ReturnType<typeof imports>['take']>): Promise<string> {
  const result = await outcome;
  return result.kind === 'failed' ? result.failure.message : '';
}

describe('an import', () => {
  it('of a GGUF file makes its graph where it lies, so that it only needs to be loaded', async () => {
    const { engine, take, entries } = imports();
    const file = await blob();
    const told: ObtainProgress[] = [];
    expect(await take(file, (progress) => told.push(progress))).toMatchObject({
      kind: 'obtained',
      folder: file,
    });
    expect(told.every(({ stage }) => stage === 'converting')).toBe(true);
    expect(told.at(-1)?.fraction).toBe(1);
    expect(entries('graphs')).toHaveLength(1);
    engine.configure({
      experts: [setting('mine', { folder: file, precision: 'auto' })],
      pool: { kind: 'linear' },
      weighting: 'fixed',
    });
    const answer = generated(
      await engine.generate(ask('What is 2 + 2?', { prompt: { kind: 'text', text: 'const ' } })),
    );
    expect(answer.ids.length).toBeGreaterThan(3);
  });

  it('of safetensors and of a graph is looked through as well', async () => {
    const { take, entries } = imports();
    expect(await take(await modelFolder())).toMatchObject({ kind: 'obtained' });
    expect(entries('graphs')).toHaveLength(1);
    expect(await take(pocket('math'))).toMatchObject({ kind: 'obtained' });
    expect(entries('graphs')).toHaveLength(1);
  });

  it('is refused where something is wrong, by what is wrong', async () => {
    const { take, entries } = imports();
    const broken = async (change: (folder: string) => void): Promise<string> => {
      const folder = join(temporaryFolder(), 'model');
      cpSync(pocket('math'), folder, { recursive: true });
      change(folder);
      return why(take(folder));
    };
    const graph = readdirSync(join(pocket('math'), 'onnx')).filter((name) => name.endsWith('.onnx'));
    const overwrite = (folder: string, text: string): void => {
      for (const name of graph) writeFileSync(join(folder, 'onnx', name), text);
    };
    expect(await broken(() => {})).toBe('');
    expect(await broken((folder) => overwrite(folder, '<html>Not found</html>'))).toMatch(
      /onnx.*cannot be (used|read)/,
    );
    expect(await broken((folder) => writeFileSync(join(folder, 'tokenizer.json'), '{'))).toMatch(
      /tokenizer\.json.*JSON/,
    );
    const fewer = await broken((folder) => {
      const file = join(folder, 'tokenizer.json');
      const json = JSON.parse(readFileSync(file, 'utf8'));
      const few = Object.entries<number>(json.model.vocab).filter(([, id]) => id < 300);
      writeFileSync(
        file,
        JSON.stringify({
          ...json,
          added_tokens: [],
          model: { ...json.model, vocab: Object.fromEntries(few), merges: [] },
        }),
      );
    });
    expect(fewer).toMatch(/belongs to another model/);
    const cut = join(temporaryFolder(), 'cut.gguf');
    writeFileSync(cut, (await pocketGguf(1)).subarray(0, 100_000));
    expect(await why(take(cut))).toMatch(/cut\.gguf cannot be used/);
    expect(entries('graphs')).toEqual([]);
  });

  it('of an adapter is refused without its base, and with one that it does not fit', async () => {
    const { engine } = imports();
    const folder = join(temporaryFolder(), 'adapter');
    cpSync(join(programs, '..', 'models', 'adapters', 'smollm2-135m-code'), folder, { recursive: true });
    const request = { kind: 'import', folder, folders: [], precision: 'auto' } as const;
    expect(await why(engine.obtain(request))).toMatch(/is an adapter of/);
    const other = await why(engine.obtain({ ...request, base: pocket('code') }));
    expect(other).toMatch(/cannot be|does not fit|no tensor/);
  });
});

describe('what is known of a model', () => {
  it('is read from its files', async () => {
    const { engine, place } = imports();
    expect(await engine.describe(place(pocket('code')))).toMatchObject({
      kind: 'described',
      facts: {
        format: 'onnx',
        precision: 'q4',
        chat: true,
        infill: true,
        vocabularyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        contextLength: 1024,
      },
    });
    expect(await engine.describe(place('/nowhere'))).toMatchObject({
      kind: 'failed',
      failure: { code: 'file-missing' },
    });
  });
});

describe('letting go of a model', () => {
  it('deletes what was built of it, and never the files of a user', async () => {
    const { engine, take, place, entries } = imports();
    const file = await blob();
    await take(file);
    expect([entries('graphs').length, entries('gguf').length]).toEqual([1, 1]);
    const gone = await engine.discard({ ...place(file), files: true });
    expect(gone).toMatchObject({ kind: 'discarded', files: false });
    expect(gone.kind === 'discarded' && gone.bytes).toBeGreaterThan(1e6);
    expect([entries('graphs'), entries('gguf')]).toEqual([[], []]);
    expect(existsSync(file)).toBe(true);
  });

  it('leaves what another expert is built from too', async () => {
    const { engine, take, place, entries } = imports();
    const file = await blob();
    await take(file);
    await engine.discard({ ...place(file, [file]), files: false });
    expect(entries('graphs')).toHaveLength(1);
  });

  it('deletes the files of a merged model only where that is asked for', async () => {
    const { engine, place, cacheFolder } = imports();
    const folder = join(mergedFolder(cacheFolder), 'both');
    mkdirSync(mergedFolder(cacheFolder), { recursive: true });
    cpSync(pocket('code'), folder, { recursive: true });
    expect(await engine.discard({ ...place(folder), files: false })).toMatchObject({ files: false });
    expect(existsSync(folder)).toBe(true);
    expect(await engine.discard({ ...place(folder), files: true })).toMatchObject({ files: true });
    expect(existsSync(folder)).toBe(false);
    expect(await engine.discard({ ...place(mergedFolder(cacheFolder)), files: true })).toMatchObject({
      files: false,
    });
    expect(existsSync(mergedFolder(cacheFolder))).toBe(true);
  });

  it('deletes the files of a model that came by a bundle, by its record', async () => {
    const { engine, place, cacheFolder } = imports();
    const [ours, foreign] = ['ours', 'foreign'].map((id) => join(modelsFolder(cacheFolder), id));
    if (ours === undefined || foreign === undefined) throw new Error('unreachable');
    for (const folder of [ours, foreign]) cpSync(pocket('code'), folder, { recursive: true });
    const record = { id: 'ours', files: [], source: 'a bundle', time: '2026-11-27T00:00:00Z' };
    writeFileSync(join(ours, RECORD_NAME), JSON.stringify(record));
    expect(await engine.discard({ ...place(ours), files: true })).toMatchObject({ files: true });
    expect(await engine.discard({ ...place(foreign), files: true })).toMatchObject({ files: false });
    expect([existsSync(ours), existsSync(foreign)]).toEqual([false, true]);
  });
});
