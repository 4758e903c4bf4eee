/** A GGUF file is converted in a process of its own, by one at a time, whole or not at all. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { builtModel, modelToBuild } from '../../src/graph/build-model.ts';
import { graphBytes, needRoom } from '../../src/graph/disk-room.ts';
import { sweepDrafts, thisMachine } from '../../src/graph/drafts.ts';
import { openGgufModel } from '../../src/graph/gguf-model.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { type ConversionOptions, convert } from '../../src/runtime/conversion.ts';
import { type ExpertLayout, layoutOf } from '../../src/runtime/layout.ts';
import { failureOf } from '../graph/failing.ts';
import { deadProcess } from '../graph/processes.ts';
import { pocket, programs, temporaryFolder } from '../programs.ts';
import { torture, tried } from '../sizes.ts';
import { lastRows, openModel } from './opened.ts';
import { pocketGguf } from './pocket-gguf.ts';

const program = join(programs, 'convert.js');
const context = Int32Array.from({ length: 20 }, (_, i) => (i * 37) % 4000);

let short: Buffer;
let whole: Buffer;
beforeAll(async () => {
  [short, whole] = await Promise.all([pocketGguf(1), pocketGguf()]);
});

interface Place {
  readonly layout: ExpertLayout;
  readonly cacheFolder: string;
  convert(change?: Partial<ConversionOptions>): Promise<void>;
  isThere(): Promise<boolean>;
  /** Names of what is in the folder of graphs. */
  graphs(): string[];
}

async function place({
  precision = 'q4',
  bytes = short,
}: {
  readonly precision?: 'fp32' | 'q4';
  readonly bytes?: Buffer;
} = {}): Promise<Place> {
  const cacheFolder = temporaryFolder();
  const file = join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, bytes);
  const layout = await layoutOf({ folder: file, precision, cacheFolder });
  return {
    layout,
    cacheFolder,
    convert: (change = {}) => convert(layout, { program, cacheFolder, onProgress: () => {}, ...change }),
    isThere: async () => (await builtModel(modelToBuild({ ...layout, format: 'gguf', cacheFolder }))).isThere,
    graphs: () => readdirSync(join(cacheFolder, 'graphs')),
  };
}

describe('a conversion', () => {
  it('tells how far it is, happens once, and leaves the graph alone in its folder', async () => {
    const model = await place({ bytes: whole });
    const told: number[] = [];
    await model.convert({ onProgress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThan(5);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
    expect(await model.isThere()).toBe(true);
    expect(model.graphs()).toHaveLength(1);
    await model.convert({ program: 'there is none', onProgress: () => expect.fail('converted twice') });
  });

  it('is nothing to do for a model that comes as a graph', async () => {
    const cacheFolder = temporaryFolder();
    const layout = await layoutOf({ folder: pocket('code'), precision: 'q4', cacheFolder });
    await convert(layout, { program: 'there is none', cacheFolder, onProgress: () => {} });
    expect(existsSync(join(cacheFolder, 'graphs'))).toBe(false);
  });

  it('says what is wrong with the file, and what became of a process that ended', async () => {
    const model = await place();
    writeFileSync(model.layout.graph, short.subarray(0, short.length / 2));
    expect((await failureOf(model.convert())).code).toBe('model-invalid');
    const crash = join(temporaryFolder(), 'crash.js');
    writeFileSync(crash, 'process.exit(3)');
    expect((await failureOf(model.convert({ program: crash }))).message).toContain('exit code 3');
    expect(model.graphs()).toEqual([]);
  });

  it('is done by one of two that want it at once', async () => {
    const model = await place();
    let most = 0;
    const look = (): void => {
      most = Math.max(most, model.graphs().filter((name) => name.includes('.draft-')).length);
    };
    const told: number[][] = [[], []];
    await Promise.all(
      told.map((own) =>
        model.convert({
          onProgress: (progress) => {
            own.push(progress);
            look();
          },
        }),
      ),
    );
    expect(most).toBe(1);
    expect(model.graphs()).toHaveLength(1);
  });

  it('killed at any moment leaves nothing half, and the next one ends well', torture, async () => {
    const model = await place({ bytes: whole });
    let killed = 0;
    // 20 moments of the whole way are in test/cli/first-start.test.ts.
    const moments = tried(4, 8);
    for (let moment = 0; moment < moments; moment++) {
      const kill = new AbortController();
      // By turns before the first, at and a little after each word of progress.
      let left = moment;
      const onProgress = (): void => {
        if (left-- > 0) return;
        if (moment % 2 === 0) kill.abort();
        else setTimeout(() => kill.abort(), 5 * moment);
      };
      if (moment < 2) setTimeout(() => kill.abort(), 60 * moment);
      const outcome = await model.convert({ signal: kill.signal, onProgress }).catch((thrown) => thrown);
      if (outcome !== undefined) {
        expect(outcome).toBeInstanceOf(ChorusError);
        expect((outcome as ChorusError).failure.code).toBe('cancelled');
        killed++;
      }
      const names = existsSync(join(model.cacheFolder, 'graphs')) ? model.graphs() : [];
      expect(names.filter((name) => name.includes('.draft-'))).toEqual([]);
      // What has the name of a graph is whole.
      const isThere = await model.isThere();
      expect(names.some((name) => !name.includes('.'))).toBe(isThere);
      if (isThere) rmSync(join(model.cacheFolder, 'graphs'), { recursive: true });
    }
    expect(killed).toBeGreaterThan(moments / 3);
    await model.convert();
    expect(model.graphs()).toHaveLength(1);
    const expert = await openModel(model.layout.graph, model.cacheFolder);
    const exported = await openModel(pocket('code'), model.cacheFolder);
    const [actual, expected] = [await lastRows(expert, context, 1), await lastRows(exported, context, 1)];
    for (const [i, value] of expected.entries())
      expect(Math.abs(value - (actual[i] ?? Number.NaN))).toBeLessThan(1e-3);
    await Promise.all([expert.dispose(), exported.dispose()]);
  });

  it('ends with the process that wanted it, and what that leaves behind the next one removes', async () => {
    const model = await place({ bytes: whole });
    const request = JSON.stringify({ experts: [{ model: model.layout.graph }], prompt: 'a', maxTokens: 1 });
    const parent = spawn(process.execPath, [join(programs, 'cli.js'), 'generate'], {
      env: { ...process.env, CHORUS_CACHE: model.cacheFolder },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    parent.stdin.end(`${request}\n`);
    const drafts = (): string[] =>
      existsSync(join(model.cacheFolder, 'graphs'))
        ? model.graphs().filter((name) => name.includes('.draft-'))
        : [];
    while (drafts().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    parent.kill('SIGKILL');
    const [, child] = /-(\d+)-/.exec(drafts()[0] ?? '') ?? [];
    const isRunning = (): boolean => {
      try {
        return process.kill(Number(child), 0);
      } catch {
        return false;
      }
    };
    while (isRunning()) await new Promise((resolve) => setTimeout(resolve, 20));
    await model.convert();
    expect(model.graphs()).toHaveLength(1);
  });
});

describe('the room on the disk', () => {
  it.each(['q4', 'fp32'] as const)(
    'that %s needs is foreseen within a fifth and a megabyte',
    async (precision) => {
      const model = await place({ precision, bytes: whole });
      await model.convert();
      const { config, weights } = await openGgufModel(model.layout.graph);
      await weights.close();
      const foreseen = graphBytes(weights, { config, precision, contextLength: 1024 });
      const taken = ['graphs', 'gguf'].reduce((sum, name) => sum + sizeOf(join(model.cacheFolder, name)), 0);
      expect(foreseen).toBeGreaterThanOrEqual(taken);
      expect(foreseen).toBeLessThan(1.2 * taken + 1e6);
    },
  );

  it('is asked for with both numbers, and an exact fit is enough', async () => {
    const folder = join(temporaryFolder(), 'cache');
    const room = { what: 'Converting a.gguf', bytes: 3e6 };
    const failure = await failureOf(needRoom(folder, { ...room, free: async () => 3e6 - 1 }));
    expect(failure.code).toBe('disk-full');
    expect(failure.message).toMatch(/Converting a\.gguf needs 3 MB in .*, and 2 MB are free/);
    await needRoom(folder, { ...room, free: async () => 3e6 });
    await needRoom(folder, { ...room, free: async () => undefined });
  });

  it.skipIf(!canMount())('that is missing, or is used up meanwhile, is said in a sentence', async () => {
    const small = mounted(1);
    const model = await place();
    const inSmall = { cacheFolder: small };
    const before = await failureOf(model.convert(inSmall));
    expect(before.code).toBe('disk-full');
    expect(before.message).toMatch(/needs \d+ MB .* and 1 MB are free/);

    const enough = mounted(5);
    const fill = (): void => {
      try {
        writeFileSync(join(enough, 'filler'), Buffer.alloc(5e6));
      } catch {
        // As much as fits.
      }
    };
    const meanwhile = await failureOf(model.convert({ cacheFolder: enough, onProgress: fill }));
    expect(meanwhile.message).toMatch(/The disk of .* is full\. Make room there/);
    expect(readdirSync(join(enough, 'graphs'))).toEqual([]);
    rmSync(join(enough, 'filler'));
    await model.convert({ cacheFolder: enough });
    expect(readdirSync(join(enough, 'graphs'))).toHaveLength(1);
  });
});

describe('drafts', () => {
  it('are removed where their process is gone or they are a day old, and left alone otherwise', async () => {
    const folder = temporaryFolder();
    const uuid = '01234567-89ab-cdef-0123-456789abcdef';
    const draft = (machine: string, id: number): string => `graph.draft-${machine}-${id}-${uuid}`;
    const gone = draft(thisMachine, deadProcess());
    const alive = draft(thisMachine, process.pid);
    const elsewhere = draft('00000000', deadProcess());
    const old = draft('00000000', process.pid);
    for (const name of [gone, alive, elsewhere, old, 'graph']) mkdirSync(join(folder, name));
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of [old, 'graph']) utimesSync(join(folder, name), yesterday, yesterday);
    await sweepDrafts(folder);
    expect(readdirSync(folder).sort()).toEqual(['graph', alive, elsewhere].sort());
  });
});

function sizeOf(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** Whether this process may mount a file system, as root on Linux may. */
function canMount(): boolean {
  return (
    process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
  );
}

/** A folder with so many megabytes. */
function mounted(megabytes: number): string {
  const folder = temporaryFolder();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (status !== 0) throw new Error('no tmpfs could be mounted');
  onTestFinished(() => void spawnSync('umount', [folder]));
  return folder;
}
