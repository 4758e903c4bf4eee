import { describe, expect, it } from 'vitest';
import { setting, temporaryFolder } from '../programs.ts';
import { ask, engineForFile, even, generated } from './bench.ts';
import { renumberedModel } from './renumbered.ts';

const bench = engineForFile();
const question = ask('What is 17 + 25?', { trace: true });

describe('a pocket expert as a veto', () => {
  it('of the same model as the only voice changes nothing', async () => {
    const voice = setting('math');
    bench.engine.configure({ ...even, experts: [voice] });
    const alone = generated(await bench.engine.generate(question));
    bench.engine.configure({ ...even, experts: [voice, setting('math', { id: 'veto', role: 'veto' })] });
    const checked = generated(await bench.engine.generate(question));
    expect(checked.ids).toEqual(alone.ids);
    expect(checked.shares).toEqual({ math: 1 });
    expect(checked.weights).toEqual({ math: 1 });
  });

  it('makes a mixture keep to what it would say itself, as strongly as its weight; without it the mixture does not', async () => {
    // Asked in code, the code expert answers in code, and the mathematics expert would not.
    const prompt = { kind: 'text', text: 'const total = items.reduce(' } as const;
    const logProbs = async (strength: number, weighting: 'fixed' | 'prompt' = 'fixed') => {
      const veto = setting('math', { role: 'veto', weight: strength });
      bench.engine.configure({ ...even, weighting, experts: [setting('code'), veto] });
      return generated(await bench.engine.generate(ask('', { prompt, maxTokens: 12, trace: true })));
    };
    const free = await logProbs(0);
    const checked = await logProbs(3);
    expect(checked.text).not.toBe(free.text);
    expect(checked.shares).toEqual({ code: 1 });
    expect((await logProbs(0)).text).toBe(free.text);
    expect((await logProbs(3, 'prompt')).ids).toEqual(checked.ids);
  });

  it('is asked by bytes too, where vocabularies differ', async () => {
    const veto = setting('renumbered', { folder: renumberedModel(temporaryFolder()), role: 'veto' });
    const short = { ...question, maxTokens: 6 };
    bench.engine.configure({ ...even, experts: [setting('code'), veto] });
    const result = generated(await bench.engine.generate(short));
    expect(result.unit).toBe('byte');
    expect(result.shares).toEqual({ code: 1 });
    expect(result.evaluations?.renumbered).toBeGreaterThan(0);
  });

  it('alone proposes nothing', async () => {
    bench.engine.configure({ ...even, experts: [setting('code', { role: 'veto' })] });
    expect(await bench.engine.generate(question)).toMatchObject({ failure: { code: 'no-expert' } });
  });
});
