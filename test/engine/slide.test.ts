import { describe, expect, it } from 'vitest';
import type { GenerateRequest } from '../../src/protocol/engine.ts';
import { setting } from '../programs.ts';
import { ask, ENDLESS, engineForFile, even, generated } from './bench.ts';

const bench = engineForFile();

/** Enough for each context to slide, one of them several times. */
const LENGTH = 100;

describe('an answer that fills a context', () => {
  const experts = [setting('code', { contextLimit: 64 }), setting('math', { contextLimit: 96 })];
  const answer = async (change: Partial<GenerateRequest>) => {
    bench.engine.configure({ ...even, experts });
    const prompt = { kind: 'text' as const, text: ENDLESS };
    return generated(await bench.engine.generate(ask('', { prompt, maxTokens: LENGTH, ...change })));
  };

  it('goes on where it may slide, the same however the experts are asked, and stops where not (negative control)', async () => {
    const stopped = await answer({});
    const room = 64 - (stopped.promptTokens.code ?? 0);
    expect([stopped.stop, stopped.ids.length]).toEqual(['length', room]);
    const slid = await answer({ whenFull: 'slide' });
    expect(slid.ids).toHaveLength(LENGTH);
    expect(slid.ids.slice(0, room)).toEqual(stopped.ids);
    for (const accelerate of ['lookup', 'inTurn', 'lazily'] as const) {
      expect((await answer({ whenFull: 'slide', accelerate })).ids).toEqual(slid.ids);
    }
  });
});
