/** The evaluation on real pocket experts, with as few cases as show that it works. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { choose, readData } from '../../bench/quality/data.ts';
import { familiesOf, pocketFamily, stampOf, tinyFamily } from '../../bench/quality/families.ts';
import { measureAll } from '../../bench/quality/measure.ts';
import { parseOptions } from '../../bench/quality/options.ts';
import { openResults } from '../../bench/quality/results-store.ts';
import { type SuiteName, suiteOf } from '../../bench/quality/suites.ts';
import { mixOf, variantsOf } from '../../bench/quality/variants.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { keeping } from '../kept-experts.ts';
import { pocket, root, temporaryFolder } from '../programs.ts';
import { writeAdapter } from '../runtime/adapter-folders.ts';

const family = pocketFamily(join(root, 'models'));
const data = await readData(join(root, 'bench', 'quality', 'data'));
const anything = v.any();

async function measured(
  name: SuiteName,
  wanted: readonly string[],
  file = join(temporaryFolder(), 'cases.jsonl'),
) {
  const said: string[] = [];
  const results = await measureAll({
    family,
    suite: suiteOf(name, { data, count: 2, seed: 1 }),
    variants: variantsOf(family, { suite: name, all: false }).filter((variant) =>
      wanted.includes(variant.name),
    ),
    ...keeping,
    store: openResults(file, { schema: anything, fresh: false }),
    stamp: 'test',
    progress: (text) => said.push(text),
  });
  return { results, said };
}

describe('the models that are named', () => {
  it('are measured together where they share a vocabulary, adapters with their base', async () => {
    const place = temporaryFolder();
    const adapter = { rank: 2, seed: 1, layers: [0], modules: ['mlp.up_proj'], base: 'a/code' } as const;
    const adapted = writeAdapter(join(place, 'adapted'), adapter);
    const families = await familiesOf([pocket('code'), adapted]);
    expect(families).toHaveLength(1);
    const models = families[0]?.models ?? [];
    expect(models).toEqual([
      { id: 'code', folder: pocket('code') },
      { id: 'adapted', folder: adapted, base: pocket('code') },
    ]);
    const stamps = () => Promise.all(models.map(stampOf));
    const before = await stamps();
    expect(new Set(before).size).toBe(2);
    // Another rank is another size, whatever the clock says.
    writeAdapter(adapted, { ...adapter, rank: 3 });
    const after = await stamps();
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });
});

describe('the evaluation', () => {
  it('gives the same figures again, and a second run takes them from the first', async () => {
    const file = join(temporaryFolder(), 'cases.jsonl');
    const wanted = ['math alone', 'code + math, linear, `prompt`'];
    const first = await measured('problems', wanted, file);
    expect(first.said).toHaveLength(2);
    expect(first.results.map((result) => Object.keys(result))).toEqual([wanted, wanted]);
    expect((await measured('problems', wanted, file)).said).toHaveLength(0);
    expect((await measured('problems', wanted)).results).toEqual(first.results);
  });

  it('scores by one run of the experts what the engine scores mix by mix', async () => {
    const suite = suiteOf('problems', { data, count: 1, seed: 1 });
    const variants = variantsOf(family, { suite: 'problems', all: false });
    const results = await measureAll({
      family,
      suite,
      variants,
      answers: false,
      ...keeping,
      store: openResults(join(temporaryFolder(), 'cases.jsonl'), { schema: anything, fresh: false }),
      stamp: 'test',
      progress: () => {},
    });
    const [problem] = choose(data.problems, 1, 1);
    const engine = createEngine(keeping);
    for (const variant of variants.filter(({ name }) => /^(math alone|code \+ math)/.test(name))) {
      engine.configure(mixOf(family, variant));
      const { logProb, bytes } = await engine.score({
        prompt: { kind: 'messages', messages: [{ role: 'user', content: problem?.question ?? '' }] },
        continuation: `${problem?.steps}\nThe answer is \\boxed{${problem?.answer}}.`,
      });
      const metrics = results[0]?.[variant.name];
      expect(Object.keys(metrics ?? {})).toEqual(['bits']);
      expect(metrics?.bits?.weight).toBe(bytes);
      expect((metrics?.bits?.sum ?? 0) / (-logProb / Math.LN2)).toBeCloseTo(1, 4);
    }
    await engine.dispose();
  });

  it('runs what it got written as HumanEval wants it', async () => {
    const ran: string[] = [];
    const python = {
      version: 'none',
      unshared: true,
      run: async (program: string) => {
        ran.push(program);
        return ran.length === 1 ? ('passed' as const) : ('failed' as const);
      },
    };
    const task = {
      task_id: 'x/0',
      prompt: 'def one() -> int:\n    """One."""\n',
      canonical_solution: '    return 1\n',
      test: 'def check(candidate):\n    assert candidate() == 1\n',
      entry_point: 'one',
    };
    const suite = suiteOf('humaneval', { data: { ...data, humaneval: [task] }, count: 1, seed: 1, python });
    const alone = variantsOf(family, { suite: 'humaneval', all: false }).slice(0, 2);
    const [result] = await measureAll({
      family,
      suite,
      variants: alone,
      ...keeping,
      store: openResults(join(temporaryFolder(), 'cases.jsonl'), { schema: anything, fresh: false }),
      stamp: 'test',
      progress: () => {},
    });
    expect(alone.map(({ name }) => result?.[name]?.passed?.sum)).toEqual([1, 0]);
    expect(ran[0]?.startsWith(task.prompt)).toBe(true);
    expect(ran[0]?.endsWith(`${task.test}\ncheck(one)\n`)).toBe(true);
  });

  it('scores a mixed text at once as line by line, but for tokens that span a line', async () => {
    const at = 'code + math, linear, even';
    const by = 'the same, line by line';
    const suite = suiteOf('mixed', { data, count: 1, seed: 1 });
    const [even] = variantsOf(family, { suite: 'mixed', all: false }).filter(({ name }) => name === at);
    if (even === undefined) throw new Error('that mixture is gone');
    const results = await measureAll({
      family,
      suite,
      variants: [even, { ...even, name: by, everyLine: true }],
      ...keeping,
      store: openResults(join(temporaryFolder(), 'cases.jsonl'), { schema: anything, fresh: false }),
      stamp: 'test',
      progress: () => {},
    });
    for (const metric of ['bits', 'maths', 'code']) {
      const once = results[0]?.[at]?.[metric];
      const lines = results[0]?.[by]?.[metric];
      expect(lines?.weight).toBe(once?.weight);
      expect((lines?.sum ?? 0) / (once?.sum ?? 1)).toBeCloseTo(1, 1);
    }
  });
});

it('passes over half a line that a killed run left, and keeps what comes after', () => {
  const file = join(temporaryFolder(), 'cases.jsonl');
  const open = () => openResults(file, { schema: v.number(), fresh: false });
  open().add('a', 1);
  writeFileSync(file, '\n["b",', { flag: 'a' });
  open().add('c', 3);
  expect([open().get('a'), open().get('b'), open().get('c')]).toEqual([1, undefined, 3]);
  expect(openResults(file, { schema: v.number(), fresh: true }).get('a')).toBeUndefined();
});

describe('the options', () => {
  it('take Tiny alone, and cases for all suites or for one', () => {
    const options = parseOptions(['tiny', '--cases', '4', '--cases', 'gsm8k=2', '--bits'], root);
    if (options === 'help') throw new Error('no help was asked for');
    expect(options).toMatchObject({ tiny: true, folders: [], bits: true, suites: undefined });
    expect([options.cases('gsm8k'), options.cases('problems')]).toEqual([2, 4]);
    expect(() => parseOptions(['tiny', '--only-pocket'], root)).toThrow('With "tiny" nothing else');
    expect(() => parseOptions(['huge'], root)).toThrow("no 'huge'");
  });

  it('measure Tiny in every mode, completions without its maths expert and with it', () => {
    const tiny = tinyFamily('/m', '/c');
    const names = (suite: SuiteName) => variantsOf(tiny, { suite, all: false }).map(({ name }) => name);
    expect(names('infilling')).toContain('base + code, linear, even');
    expect(names('gsm8k')).toContain('base + code + math, linear, `prompt`');
    expect(names('gsm8k').slice(0, 3)).toEqual(['base alone', 'code alone', 'math alone']);
    expect(tiny.cases).toEqual({ gsm8k: 200, problems: 200, humaneval: 164, infilling: 200 });
  });

  it.each([
    [['--suite', 'poems'], "no suite 'poems'"],
    [['--cases', '0'], '--cases must be a whole number of at least 1'],
    [['--seed', 'x'], '--seed must be a whole number'],
    [['--case', '3'], '--case'],
  ])('%j are refused with the reason', (args, reason) => {
    expect(() => parseOptions(args, root)).toThrow(reason);
  });

  it('need no file outside the project', () => {
    const options = parseOptions([], join(temporaryFolder(), 'project'));
    expect(options).toMatchObject({ folders: [], seed: 1 });
    expect(options !== 'help' && options.data).toMatch(/bench.quality.data$/);
  });
});

it('names the line of the data that is wrong', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'problems.jsonl'),
    '{"question": "q", "answer": "1", "steps": ""}\n{"question": 1}\n',
  );
  await expect(readData(folder)).rejects.toThrow(/problems\.jsonl, line 2/);
});
