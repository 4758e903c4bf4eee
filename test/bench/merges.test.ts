import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergePlot } from '../../bench/quality/merge-plot.ts';
import { recipesOf } from '../../bench/quality/merge-recipes.ts';
import { mergedFolder } from '../../bench/quality/merged-models.ts';
import { parseMergesOptions } from '../../bench/quality/merges-options.ts';
import { sameWeightsTable } from '../../bench/quality/same-weights.ts';
import type { SuiteFigures } from '../../bench/quality/table.ts';
import { openSafetensors } from '../../src/graph/safetensors.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import { writeToy } from '../merge/toy-models.ts';
import { root, temporaryFolder } from '../programs.ts';

const based = { first: 'a', second: 'b', base: 'base' };
const asInPaper = { first: 'a', second: 'b', base: undefined };

function folders(): Map<string, string> {
  const home = temporaryFolder();
  return new Map(['base', 'a', 'b'].map((name, i) => [name, writeToy(join(home, name), i * i)]));
}
async function norm(folder: string): Promise<number[]> {
  const source = await openSafetensors(join(folder, 'model.safetensors'));
  const values = [...(await source.readFloat32('model.norm.weight'))];
  await source.close();
  return values;
}

describe('the merges of the comparison', () => {
  it('are those of the paper, at its settings', () => {
    const names = ['Linear', 'Task Arithmetic', 'TIES', 'DARE', 'SLERP'];
    expect(recipesOf(asInPaper).map(({ name }) => name)).toEqual(names);
    expect(recipesOf(based).map(({ name }) => name)).toEqual([
      ...names,
      'EMR, rebuilt as a',
      'EMR, rebuilt as b',
    ]);
    for (const pair of [based, asInPaper]) {
      for (const { name, recipe } of recipesOf(pair)) {
        const { method, base, notes } = parseRecipe(JSON.stringify(recipe), name);
        expect(notes).toEqual([]);
        if (method !== 'linear' && method !== 'slerp') expect(base).toBe(pair.base ?? pair.first);
      }
    }
    const settings = JSON.stringify(recipesOf(asInPaper).map(({ recipe }) => recipe));
    for (const wanted of ['"weight":0.9', '"weight":0.1', '"density":0.9', '"t":0.1'])
      expect(settings).toContain(wanted);
  });

  it('are made once, and anew for other code or another seed', async () => {
    const home = temporaryFolder();
    const said: string[] = [];
    const options = {
      folders: folders(),
      bases: new Map<string, string>(),
      home,
      stamp: '1',
      seed: 1,
      progress: (text: string) => said.push(text),
    };
    const [linear] = recipesOf(based);
    if (linear === undefined) throw new Error('there is one');
    const first = await mergedFolder(linear, options);
    expect(await mergedFolder(linear, options)).toBe(first);
    expect(said).toHaveLength(1);
    expect(await mergedFolder(linear, { ...options, stamp: '2' })).not.toBe(first);
    expect(await mergedFolder(linear, { ...options, seed: 2 })).not.toBe(first);
  });

  it('rebuild an expert from an EMR merge', async () => {
    const options = {
      folders: folders(),
      bases: new Map<string, string>(),
      home: temporaryFolder(),
      stamp: '1',
      seed: 1,
      progress: () => {},
    };
    const [a, b] = recipesOf(based).filter(({ rebuilt }) => rebuilt !== undefined);
    if (a === undefined || b === undefined) throw new Error('there are two');
    expect(await norm(await mergedFolder(a, options))).not.toEqual(
      await norm(await mergedFolder(b, options)),
    );
  });

  it("by the paper's own Task Arithmetic are the second expert, since the only task's weight is divided by itself", async () => {
    const options = {
      folders: folders(),
      bases: new Map<string, string>(),
      home: temporaryFolder(),
      stamp: '1',
      seed: 1,
      progress: () => {},
    };
    const arithmetic = (pair: typeof based | typeof asInPaper) =>
      recipesOf(pair).find(({ name }) => name === 'Task Arithmetic') ?? { name: '', recipe: {} };
    const second = await norm(options.folders.get('b') ?? '');
    expect(await norm(await mergedFolder(arithmetic(asInPaper), options))).toEqual(second);
    expect(await norm(await mergedFolder(arithmetic(based), options))).not.toEqual(second);
  });
});

describe('the plot', () => {
  const figure = (name: string, value: number) => ({
    name,
    value,
    low: value / 2,
    high: value * 1.2,
    verdict: 'alone' as const,
  });
  const suites: SuiteFigures[] = [
    {
      title: 'A & B',
      cases: 3,
      metrics: [
        {
          metric: { key: 'final', title: 'correct', kind: 'rate' },
          figures: [figure('a alone', 0.5), figure('MoD, `adaptive`', 0.6)],
        },
        {
          metric: { key: 'bits', title: 'bits per byte', kind: 'bits' },
          figures: [figure('a alone', 1.3), figure('MoD, `adaptive`', 1)],
        },
      ],
    },
  ];

  it('is the same text for the same figures, and moves its dots with them', () => {
    const plot = mergePlot('a <and> b', suites);
    expect(mergePlot('a <and> b', suites)).toBe(plot);
    expect(plot).toContain('a &lt;and&gt; b');
    expect(plot).toContain('A &amp; B<');
    expect(plot).toContain('correct (higher is better)');
    expect(plot).toContain('bits per byte (lower is better)');
    expect(plot.match(/<circle/g)).toHaveLength(4);
    const moved = JSON.parse(JSON.stringify(suites).replace('"value":0.6', '"value":0.9')) as SuiteFigures[];
    expect(mergePlot('a <and> b', moved)).not.toBe(plot);
  });
});

describe('the mixture against merges of the same weights', () => {
  const suite = {
    name: 's',
    title: 'S',
    cases: [],
    metrics: [{ key: 'bits', title: 'bits per byte', kind: 'bits' as const }],
  };
  const measured = Array.from({ length: 30 }, (_, i) => ({
    mix: { bits: { sum: 10 + (i % 3), weight: 10 } },
    worse: { bits: { sum: 14 + (i % 3), weight: 10 } },
    alike: { bits: { sum: 10 + ((i + 1) % 3), weight: 10 } },
  }));

  it('is better where every case says so, and neither where cases disagree', () => {
    const table = (mixture: string, merges: readonly string[]): string =>
      sameWeightsTable(mixture, merges, { suites: [{ suite, measured }], seed: 1 });
    const rows = table('mix', ['worse', 'alike']).split('\n');
    expect(rows.find((row) => row.startsWith('| worse'))).toContain('**better** -0.400 (-0.400 to -0.400)');
    expect(rows.find((row) => row.startsWith('| alike'))).not.toMatch(/better|worse\*\*/);
    expect(table('worse', ['mix'])).toContain('**worse** +0.400');
    expect(() => table('mix', ['absent'])).toThrow(/absent lacks 'bits'/);
  });
});

describe('the options', () => {
  it.each([
    [['--model', '.'], /--model twice/],
    [['--base', '.'], /--base goes with two/],
    [['--benchmarks', 'no/such/folder'], /no folder/],
    [['--suite', 'songs'], /no suite 'songs'/],
    [['--cases', 'many'], /--cases/],
  ])('%j are refused', (args, message) => {
    expect(() => parseMergesOptions(args, root)).toThrow(message);
  });
});
