/** Adapters and their base in a mixture. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MixSetting } from '../../src/protocol/engine.ts';
import { setting, temporaryFolder } from '../programs.ts';
import { type WrittenAdapter, writeAdapter } from '../runtime/adapter-folders.ts';
import { ask, ENDLESS, engineForFile, generated } from './bench.ts';

const bench = engineForFile();
const adapter: WrittenAdapter = {
  rank: 3,
  seed: 5,
  layers: [2],
  modules: ['self_attn.q_proj', 'mlp.down_proj'],
  base: 'somebody/code',
};
const mixOf = (experts: MixSetting['experts']): MixSetting => ({
  experts,
  pool: { kind: 'linear' },
  weighting: 'fixed',
});

describe('a mixture of an adapter and its base', () => {
  it('scores as each does alone, and finds the base by its name among the experts', async () => {
    const folder = writeAdapter(join(temporaryFolder(), 'adapter'), adapter);
    const base = setting('code', { precision: 'fp32' });
    const adapted = setting('adapted', { folder, precision: 'fp32' });
    const request = {
      prompt: { kind: 'text', text: 'const a = ' },
      continuation: '1;\nconst b = 2;\n',
    } as const;
    bench.engine.configure(mixOf([base, adapted]));
    const { experts } = await bench.engine.score(request);
    expect(Math.abs((experts.code ?? 0) - (experts.adapted ?? 0))).toBeGreaterThan(0.1);
    for (const one of [base, { ...adapted, base: base.folder }]) {
      bench.engine.configure(mixOf([one]));
      const alone = await bench.engine.score(request);
      expect(alone.experts[one.id]).toBeCloseTo(experts[one.id] ?? Number.NaN, 4);
    }
  });

  it('goes on when the adapter is switched on and off in the middle of an answer', async () => {
    const folder = writeAdapter(join(temporaryFolder(), 'adapter'), adapter);
    const base = setting('code');
    const adapted = setting('adapted', { folder, base: base.folder, active: false });
    bench.engine.configure(mixOf([base, adapted]));
    let told = 0;
    let since = 0;
    const over = new AbortController();
    const seen = new Set<string>();
    const answering = bench.engine.generate(
      ask('', { prompt: { kind: 'text', text: ENDLESS }, maxTokens: 400, trace: true }),
      {
        signal: over.signal,
        onDelta: ({ origin }) => {
          for (const id of Object.keys(origin.shares)) seen.add(id);
          told++;
          if (told === 5) bench.engine.configure(mixOf([base, { ...adapted, active: true }]));
          if (told === 5) void bench.engine.load();
          const all = seen.has('adapted');
          if (all) bench.engine.configure(mixOf([base, adapted]));
          if (all && ++since === 10) over.abort();
        },
      },
    );
    const { trace = [] } = generated(await answering);
    const by = trace.map(({ evaluated }) => evaluated.join());
    expect(by[0]).toBe('code');
    expect(by).toContain('code,adapted');
    expect(by.at(-1)).toBe('code');
  });

  it('says how to name a base that is not there', async () => {
    const folder = writeAdapter(join(temporaryFolder(), 'adapter'), { ...adapter, base: 'somebody/else' });
    bench.engine.configure(mixOf([setting('code'), setting('adapted', { folder })]));
    await bench.engine.load();
    const [, state] = bench.statuses.map((status) => status.state);
    if (state?.kind !== 'failed') throw new Error('it was loaded');
    expect(state.failure.message).toContain("an adapter of 'else'");
    expect(state.failure.message).toContain('"base"');
  });
});
