/** One set of experts, mixed in one way for completions and in another in the chat. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GenerateRequest, MixSetting } from '../../src/protocol/engine.ts';
import { setting, temporaryFolder } from '../programs.ts';
import { writeAdapter } from '../runtime/adapter-folders.ts';
import { ask, engineForFile, generated } from './bench.ts';

const bench = engineForFile();
const prompt = { kind: 'text', text: 'const a = 1;\nconst b = ' } as const;
const asking = (surface: GenerateRequest['surface']): GenerateRequest =>
  ask('', { prompt, surface, maxTokens: 6 });

/** A base and two adapters of it. */
function rows(): MixSetting['experts'] {
  const base = setting('code');
  const adapter = (id: string, seed: number) =>
    setting(id, {
      folder: writeAdapter(join(temporaryFolder(), id), {
        rank: 2,
        seed,
        layers: [1],
        modules: ['mlp.down_proj'],
      }),
      base: base.folder,
    });
  return [base, adapter('one', 3), adapter('two', 4)];
}

describe('a mix with rules of its own for completions', () => {
  it('weighs each surface as it says, and as everywhere where it says nothing', async () => {
    bench.engine.configure({
      experts: [setting('code'), setting('math')],
      pool: { kind: 'linear' },
      weighting: 'prompt',
      surfaces: { completion: { weights: { math: 0 }, weighting: 'fixed' } },
    });
    const completion = generated(await bench.engine.generate(asking('completion')));
    const chat = generated(await bench.engine.generate(asking('chat')));
    expect(completion.weights).toEqual({ code: 1 });
    expect(Object.keys(chat.weights)).toEqual(['code', 'math']);
    expect(chat.weights.math).not.toBe(0.5);
    const { weights } = await bench.engine.score({ prompt, continuation: '2;' });
    expect(weights).toEqual({ code: 1 });
  });

  it('gives the text that the experts it names would give without the others', async () => {
    const experts = rows();
    const mix = { experts, pool: { kind: 'linear' }, weighting: 'fixed' } as const;
    bench.engine.configure({ ...mix, surfaces: { completion: { weights: { two: 0, one: 3 } } } });
    const { ids, weights } = generated(await bench.engine.generate(asking('completion')));
    expect(weights).toEqual({ code: 0.25, one: 0.75 });
    const alone = experts.slice(0, 2).map((one) => (one.id === 'one' ? { ...one, weight: 3 } : one));
    bench.engine.configure({ ...mix, experts: alone });
    expect(generated(await bench.engine.generate(asking('completion'))).ids).toEqual(ids);
  });

  it('keeps all rows open, so that a completion between two turns of a chat finds what was read', async () => {
    bench.engine.configure({
      experts: rows(),
      pool: { kind: 'linear' },
      weighting: 'fixed',
      surfaces: { completion: { weights: { two: 0 } } },
    });
    const read = async (surface: GenerateRequest['surface']) =>
      generated(await bench.engine.generate(asking(surface))).reusedTokens;
    const first = await read('chat');
    expect(Object.values(first)).toContain(0);
    // Were the session opened anew for other rows, everything would have to be read again.
    for (const surface of ['completion', 'chat', 'completion'] as const) {
      for (const reused of Object.values(await read(surface))) expect(reused).toBeGreaterThan(3);
    }
  });
});
