/** A request that brings a mix of its own, and the counting of tokens. */

import { describe, expect, it } from 'vitest';
import type { RequestMix } from '../../src/protocol/engine.ts';
import { setting } from '../programs.ts';
import { ask, engineForFile, even, generated } from './bench.ts';

const bench = engineForFile();
const alone = (id: string): RequestMix => ({
  weights: { [id]: 1 },
  pool: { kind: 'linear' },
  weighting: 'fixed',
});
const asking = (mix?: RequestMix) => ask('What is 17 + 25?', { maxTokens: 6, ...(mix && { mix }) });

describe('a request with a mix of its own', () => {
  it('is answered by it, and the mix in force stays', async () => {
    bench.engine.configure(even);
    const math = generated(await bench.engine.generate(asking(alone('math'))));
    expect(math.weights).toEqual({ math: 1 });
    const both = generated(await bench.engine.generate(asking()));
    expect(Object.keys(both.weights)).toEqual(['code', 'math']);
    bench.engine.configure({ ...even, experts: [setting('math')] });
    expect(generated(await bench.engine.generate(asking())).ids).toEqual(math.ids);
  });

  it('loads an expert that is off for as long as it answers', async () => {
    bench.engine.configure({ ...even, experts: [setting('code'), setting('math', { active: false })] });
    const math = generated(await bench.engine.generate(asking(alone('math'))));
    expect(math.weights).toEqual({ math: 1 });
    expect(math.text).not.toBe('');
    expect(bench.statuses.find(({ id }) => id === 'math')?.state.kind).toBe('off');
  });

  it('shares what is loaded for it with who asks at the same time, and each answer is the same', async () => {
    bench.engine.configure({ ...even, experts: [setting('code'), setting('math', { active: false })] });
    const answers = await Promise.all([1, 2, 3].map(() => bench.engine.generate(asking(alone('math')))));
    const texts = answers.map((answer) => generated(answer).text);
    expect(new Set(texts).size).toBe(1);
    expect(generated(await bench.engine.generate(asking(alone('math')))).text).toBe(texts[0]);
  });

  it('fails by a sentence, and nothing else does, where one of its experts cannot be loaded', async () => {
    const gone = setting('math', { active: false, folder: '/nowhere/at/all' });
    const general = setting('general', { active: false });
    bench.engine.configure({ ...even, experts: [setting('code'), general, gone] });
    const rejected: unknown[] = [];
    const note = (reason: unknown): void => void rejected.push(reason);
    process.on('unhandledRejection', note);
    const mix = { ...alone('general'), weights: { general: 1, math: 1 } };
    const failing = await Promise.all([1, 2].map(() => bench.engine.generate(asking(mix))));
    expect(failing.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off('unhandledRejection', note);
    expect(rejected).toEqual([]);
    expect(generated(await bench.engine.generate(asking(alone('general')))).text).not.toBe('');
  });

  it('is refused with a sentence where it names nobody', async () => {
    bench.engine.configure(even);
    expect(await bench.engine.generate(asking(alone('nobody')))).toMatchObject({
      kind: 'failed',
      failure: { code: 'no-expert', message: expect.stringContaining("'nobody'") },
    });
  });
});

describe('counting tokens', () => {
  it('is done by the tokenizer of the experts, special tokens as text', async () => {
    bench.engine.configure(even);
    await bench.engine.load();
    const count = async (text: string) => bench.engine.count({ text, ids: ['code'] });
    expect(await count('')).toEqual({ kind: 'counted', tokens: 0 });
    const one = await count('const a = 1;');
    const two = await count('const a = 1;\nconst a = 1;\n');
    expect(one.kind === 'counted' && two.kind === 'counted' && two.tokens > one.tokens).toBe(true);
    const special = await count('<|im_start|>');
    expect(special.kind === 'counted' && special.tokens > 1).toBe(true);
  });
});
