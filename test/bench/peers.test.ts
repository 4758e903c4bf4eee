import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { busyShare, busyWarning, type CoreTimes } from '../../bench/peers/busy.ts';
import { type Figure, msOf, targets } from '../../bench/peers/figures.ts';
import { checkIsGguf, findGguf } from '../../bench/peers/gguf.ts';
import { memoryOf, parseSmaps } from '../../bench/peers/memory.ts';
import { promptsFrom } from '../../bench/peers/prompts.ts';
import { figuresTable, memoryTable, mixingTable, targetsTable } from '../../bench/peers/table.ts';
import { root } from '../programs.ts';

const figure = (
  runtime: Figure['runtime'],
  work: Figure['work'],
  context: number,
  ms: number,
  experts = 1,
): Figure => ({ runtime, work, context, experts, ms, rounds: [ms] });

const decoded = (runtime: Figure['runtime'], context: number, ms: number, experts = 1): Figure =>
  figure(runtime, 'decode', context, ms, experts);

/** All of what the targets are about; each is reached to the last bit. */
const reached: readonly Figure[] = [
  decoded('Chorus', 32, 8),
  decoded('Chorus', 256, 10),
  decoded('Chorus', 1024, 12),
  decoded('llama.cpp', 32, 8 * 0.9),
  decoded('llama.cpp', 256, 10 * 0.9),
  decoded('llama.cpp', 1024, 12 * 0.9),
  decoded('Chorus', 1024, 16, 2),
  decoded('transformers.js', 1024, 40, 2),
  figure('Chorus', 'keystroke', 1000, 24),
];
const verdicts = (figures: readonly Figure[]): readonly string[] =>
  targets(figures).map(({ verdict }) => verdict);
const changed = (at: number, factor: number): readonly Figure[] =>
  reached.map((one, i) => (i === at ? { ...one, ms: one.ms * factor } : one));

describe('the targets', () => {
  it('are met where they are just reached', () => {
    expect(verdicts(reached)).toEqual(Array(6).fill('met'));
  });

  it.each([
    ['two mixed', 6, 1.01, 0],
    ['one at 32', 3, 0.99, 1],
    ['one at 256', 4, 0.99, 2],
    ['one at 1,024', 5, 0.99, 3],
    ['a longer context', 0, 0.99, 4],
    ['a keystroke', 8, 1.01, 5],
  ])('%s: not met by one percent', (_, at, factor, target) => {
    expect(verdicts(changed(at, factor))[target]).toBe('not met');
  });

  it('are not measured where a part is missing, and only those', () => {
    expect(verdicts(reached.filter(({ runtime }) => runtime !== 'llama.cpp'))).toEqual([
      'met',
      'not measured',
      'not measured',
      'not measured',
      'met',
      'met',
    ]);
    expect(verdicts([])).toEqual(Array(6).fill('not measured'));
    expect(verdicts(changed(8, Number.NaN))[5]).toBe('not measured');
  });

  it('are about quotients: a machine of another speed changes nothing', () => {
    void fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.integer({ min: 1, max: 99 })),
        (pace, times) => {
          const some = reached.map((one, i) => ({ ...one, ms: times[i] ?? one.ms }));
          const slower = some.map((one) => ({ ...one, ms: one.ms * 2 ** pace }));
          expect(targets(slower)).toEqual(targets(some));
        },
      ),
    );
  });
});

describe('memory', () => {
  const smaps = [
    '5581b8a3c000-7ffd1e5f6000 ---p 00000000 00:00 0                          [rollup]',
    'Rss:              210944 kB',
    'Pss:              153600 kB',
    'Pss_Dirty:         81920 kB',
    'Pss_Anon:          51200 kB',
    'Pss_File:         102400 kB',
  ];

  it('is read from smaps_rollup', () => {
    expect(parseSmaps(smaps.join('\n'))).toEqual({ pss: 150, anonymous: 50 });
  });

  it('is unknown where a number is missing or is not one', () => {
    expect(parseSmaps('')).toBeUndefined();
    expect(parseSmaps(smaps.filter((line) => !line.startsWith('Pss:')).join('\n'))).toBeUndefined();
    expect(parseSmaps(smaps.join('\n').replace('51200 kB', 'many'))).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('of this process is more than nothing', async () => {
    const memory = await memoryOf(process.pid);
    expect(memory?.anonymous).toBeGreaterThan(1);
    expect(memory?.pss).toBeGreaterThanOrEqual(memory?.anonymous ?? Number.NaN);
  });

  it('of a process that is not there is unknown', async () => {
    expect(await memoryOf(2 ** 30)).toBeUndefined();
  });
});

describe('other work on the machine', () => {
  const core = (user: number, sys: number, idle: number): CoreTimes => ({ user, nice: 0, sys, idle, irq: 0 });

  it('is the time that was not idle, of all cores', () => {
    expect(busyShare([core(5, 5, 10), core(0, 0, 0)], [core(15, 10, 95), core(20, 15, 65)])).toBeCloseTo(
      0.25,
    );
    expect(busyShare([core(1, 1, 1)], [core(1, 1, 101)])).toBe(0);
    expect(busyShare([core(1, 1, 1)], [core(1, 1, 1)])).toBe(0);
  });

  it('is warned of where there was any to speak of, before or after', () => {
    expect(busyWarning(0.02, 0.1)).toBeUndefined();
    expect(busyWarning(0.02, 0.11)).toContain('11 % after');
    expect(busyWarning(0.5, 0)).toContain('50 % of its cores before');
  });
});

describe('the tables', () => {
  it('set the runtimes side by side, a row per work, context and number of experts', () => {
    const lines = figuresTable([...reached, figure('llama.cpp', 'prefill', 1024, 1234.5)]).split('\n');
    expect(lines[0]).toBe('| ms | context | experts | Chorus | transformers.js | llama.cpp |');
    expect(lines).toHaveLength(2 + 6);
    expect(lines).toContain('| a token | 32 | 1 | 8.0 (125.0/s) |  | 7.2 (138.9/s) |');
    expect(lines).toContain('| a token | 1,024 | 2 | 16.0 (62.5/s) | 40.0 (25.0/s) |  |');
    expect(lines).toContain('| a new prompt, to its first token | 1,024 | 1 |  |  | 1235 |');
  });

  it('say what further experts cost', () => {
    const table = mixingTable([decoded('Chorus', 32, 8), decoded('Chorus', 32, 12, 2)]);
    expect(table.split('\n').at(-1)).toBe('| context 32 | 8.0 | 12.0 (1.50x) |');
  });

  it('leave memory empty that is unknown', () => {
    const table = memoryTable([
      { runtime: 'Chorus', experts: 2, memory: { pss: 300.4, anonymous: 120.6 } },
      { runtime: 'llama.cpp', experts: 1, memory: undefined },
    ]);
    expect(table).toContain('| Chorus | 2 | 300 | 121 |');
    expect(table).toContain('| llama.cpp | 1 |  |  |');
  });

  it('name every target with its verdict', () => {
    const table = targetsTable(targets(changed(6, 2)));
    expect(table).toMatch(/two experts mixed .* \| at least 2\.5 \| 1\.25 \| not met \|/);
    expect(targetsTable(targets([]))).toMatch(/\| at most 2 \| {2}\| not measured \|/);
  });
});

describe('the prompts', () => {
  /** A token per two characters, the last maybe of one. */
  const tokenizer = {
    encode: (text: string) => text.match(/.{1,2}/gs)?.map((pair) => pairs.indexOf(pair)) ?? [],
    bytes: (id: number) => new TextEncoder().encode(pairs[id] ?? ''),
  };
  const text = Array.from({ length: 3000 }, (_, i) => String.fromCharCode(97 + ((i * i) % 23))).join('');
  const pairs = [...new Set([...(text.match(/../gs) ?? []), ...text])];
  const make = (keystrokes: number) => promptsFrom(text, { tokenizer, lengths: [32, 1024], keystrokes });

  it('have the lengths that were asked for and begin differently', () => {
    const { byLength } = make(3);
    expect([...byLength].map(([length, ids]) => [length, ids.length])).toEqual([
      [32, 32],
      [1024, 1024],
    ]);
    expect(byLength.get(1024)?.slice(0, 32)).not.toEqual(byLength.get(32));
  });

  it('grow by one character a keystroke from 1,000 tokens', () => {
    const { typed } = make(3);
    expect(typed.map((ids) => ids.length)).toEqual([1000, 1001, 1001, 1002]);
    expect(typed[1]).not.toEqual(typed[2]);
  });

  it('are refused where the text is too short', () => {
    expect(() => make(600)).toThrow('1600 are needed');
  });
});

describe('the GGUF file', () => {
  const written = async (content: string): Promise<string> => {
    const file = join(await mkdtemp(join(tmpdir(), 'chorus-gguf-')), 'a.gguf');
    await writeFile(file, content);
    return file;
  };

  it('is one that begins as such', async () => {
    await expect(checkIsGguf(await written('GGUF and more'))).resolves.toBeUndefined();
    await expect(checkIsGguf(await written('<html>'))).rejects.toThrow('not a GGUF file');
    await expect(checkIsGguf(await written('GGU'))).rejects.toThrow('not a GGUF file');
    await expect(checkIsGguf(join(tmpdir(), 'no such file'))).rejects.toThrow('cannot be read');
  });

  it('is fetched only when that is asked for', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'chorus-gguf-'));
    const found = await findGguf({ given: undefined, models: join(root, 'models'), cache, fetch: false });
    expect(found).toBeUndefined();
  });
});

it('a figure is found by all that it is about', () => {
  expect(msOf(reached, { runtime: 'Chorus', work: 'decode', context: 1024, experts: 2 })).toBe(16);
  expect(msOf(reached, { runtime: 'Chorus', work: 'prefill', context: 1024, experts: 2 })).toBeUndefined();
});
