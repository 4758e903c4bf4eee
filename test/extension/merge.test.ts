import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  mergeMethodChoices,
  nameProblem,
  parseShare,
  parseWeights,
  recipeFor,
} from '../../src/extension/merge-choices.ts';
import { mergeInProcess } from '../../src/extension/merge-process.ts';
import { mergeMethods } from '../../src/merge/recipe.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import { writeToy } from '../merge/toy-models.ts';
import { programs, temporaryFolder } from '../programs.ts';

const choice = (name: string) => {
  const found = mergeMethodChoices().find(({ method }) => method === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

describe('the choices of a merge', () => {
  it.each([...mergeMethods])('make a recipe that %s accepts', (name) => {
    const method = choice(name);
    const text = recipeFor({
      method,
      experts: ['a', 'b'],
      base: method.wantsBase ? 'base' : undefined,
      weights: method.asks.includes('weights') ? [0.9, 0.1] : undefined,
      density: method.asks.includes('density') ? 0.8 : undefined,
      t: method.asks.includes('t') ? 0.3 : undefined,
    });
    const recipe = parseRecipe(text, 'recipe');
    expect(recipe).toMatchObject({ method: name, type: 'bf16', notes: [] });
    expect(recipe.models.map(({ model }) => model)).toEqual(['a', 'b']);
    expect(recipe.base).toBe(method.wantsBase ? 'base' : method.pair ? 'a' : undefined);
  });

  it('offer every method', () => {
    expect(
      mergeMethodChoices()
        .map(({ method }) => method)
        .sort(),
    ).toEqual([...mergeMethods].sort());
  });

  it.each([
    ['0.9 0.1', [0.9, 0.1]],
    ['0.9, 0.1', [0.9, 0.1]],
    ['0.9,0.1', [0.9, 0.1]],
    ['0,9 0,1', [0.9, 0.1]],
    ['1; 0', [1, 0]],
    ['0 0', undefined],
    ['1', undefined],
    ['1 2 3', undefined],
    ['1 -1', undefined],
    ['1 two', undefined],
    ['', undefined],
  ])('read the weights %j', (text, weights) => expect(parseWeights(text, 2)).toEqual(weights));

  it('read shares within their bounds', () => {
    expect(['0', '0.5', '1', '1.1', '-0.1', 'x'].map((text) => parseShare(text, 0))).toEqual([
      0,
      0.5,
      1,
      undefined,
      undefined,
      undefined,
    ]);
    expect(parseShare('0', 'above 0')).toBeUndefined();
  });

  it.each(['a/b', '../up', '.hidden', '', 'nul', 'COM1.x', 'trailing.', 'x'.repeat(99), 'pocket', 'a b'])(
    'refuse the name %j',
    (name) => expect(nameProblem(name, ['Pocket'])).toMatch(/\w/),
  );
  it('take a plain name', () => expect(nameProblem('code-and-math_2.0', ['pocket/code'])).toBeUndefined());
});

describe('the process that merges', () => {
  const script = join(programs, 'merge.js');

  function request(home: string) {
    return {
      recipe: recipeFor({
        method: choice('linear'),
        experts: ['a', 'b'],
        base: undefined,
        weights: [1, 1],
        density: undefined,
        t: undefined,
      }),
      folders: { a: writeToy(join(home, 'x'), 0), b: writeToy(join(home, 'y'), 1) },
      out: join(home, 'merged', 'both'),
      name: 'Both',
      seed: 0,
    };
  }

  it('makes the folder, tells how far it is, and names the experts as the editor does', async () => {
    const home = temporaryFolder();
    const done: number[] = [];
    const report = await mergeInProcess(request(home), {
      script,
      log: () => {},
      onUpdate: (at) => done.push(at.done),
    });
    expect(report).toMatchObject({ folder: join(home, 'merged', 'both'), tensors: 4 });
    expect(done.at(-1)).toBe(1);
    const manifest = JSON.parse(readFileSync(join(report.folder, 'chorus.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'Both', merge: { models: [{ model: 'a' }, { model: 'b' }] } });
  });

  it('says what is wrong, knows only the folders that it was given, and leaves nothing when it is cancelled', async () => {
    const home = temporaryFolder();
    const asked = request(home);
    const run = (change: object, signal?: AbortSignal) =>
      mergeInProcess({ ...asked, ...change }, { script, log: () => {}, ...(signal && { signal }) });
    await expect(run({ recipe: 'merge_method: passthrough' })).rejects.toThrow(/passthrough/);
    await expect(run({ folders: { a: asked.folders.a } })).rejects.toThrow(/no expert b/);
    await expect(run({}, AbortSignal.abort())).rejects.toMatchObject({ failure: { code: 'cancelled' } });
    expect(existsSync(asked.out)).toBe(false);
    expect(existsSync(join(home, 'merged')) ? readdirSync(join(home, 'merged')) : []).toEqual([]);
  });

  it('that ends early says so', async () => {
    const home = temporaryFolder();
    const options = { script: join(home, 'no-such-script.js'), log: () => {} };
    await expect(mergeInProcess(request(home), options)).rejects.toMatchObject({
      failure: { code: 'engine-exited' },
    });
  });
});
