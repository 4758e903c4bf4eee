/** A merged model is an expert like any other. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeModels } from '../../src/merge/merge.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import type { MixSetting } from '../../src/protocol/engine.ts';
import { pocket, setting, temporaryFolder } from '../programs.ts';
import { ask, engineForFile } from './bench.ts';

const bench = engineForFile();

async function merged(weights: Readonly<Record<string, number>>): Promise<string> {
  const out = join(temporaryFolder(), 'merged');
  const models = Object.entries(weights).map(([model, weight]) => ({ model, parameters: { weight } }));
  const recipe = parseRecipe(JSON.stringify({ merge_method: 'linear', models }), 'recipe');
  await mergeModels({ recipe, folderOf: pocket, out, seed: 0 });
  return out;
}

async function answer(folder: string): Promise<{ text: string; logProb: number }> {
  const mix: MixSetting = {
    experts: [setting('math', { id: folder, folder, precision: 'fp32' })],
    pool: { kind: 'linear' },
    weighting: 'fixed',
  };
  bench.engine.configure(mix);
  for (const { state } of await bench.engine.load()) expect(state.kind).toBe('ready');
  const outcome = await bench.engine.generate(ask('What is 17 + 25?', { maxTokens: 24 }));
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  const { prompt } = ask('What is 17 + 25?');
  const { logProb } = await bench.engine.score({ prompt, continuation: '17 + 25 = 42.' });
  return { text: outcome.result.text, logProb };
}

describe('a merge', () => {
  it('of one expert answers as that expert, and of two as neither', async () => {
    const own = await answer(pocket('math'));
    expect(own.text).toContain('42');
    const same = await answer(await merged({ math: 1 }));
    expect(same.text).toBe(own.text);
    // Another graph over the same weights: sums in another order.
    expect(Math.abs(same.logProb - own.logProb)).toBeLessThan(1e-3);
    const both = await answer(await merged({ math: 0.5, code: 0.5 }));
    expect(Math.abs(both.logProb - own.logProb)).toBeGreaterThan(0.1);
  });
});
