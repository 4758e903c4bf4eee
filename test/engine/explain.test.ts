import { describe, expect, it } from 'vitest';
import type { ExplainRequest, Generated, MixSetting } from '../../src/protocol/engine.ts';
import type { Explanation } from '../../src/protocol/explain.ts';
import { setting } from '../programs.ts';
import { ask, engineForFile, even, generated } from './bench.ts';

const bench = engineForFile();
const request = ask('What is 17 + 25?', { trace: true });

function placeOf(result: Generated, step: number): ExplainRequest {
  const { unit, ids } = result;
  return {
    surface: 'chat',
    prompt: request.prompt,
    route: 'never',
    unit,
    ids: ids.slice(0, step + 1),
    top: 5,
  };
}

async function explained(result: Generated, step: number): Promise<Explanation> {
  const outcome = await bench.engine.explain(placeOf(result, step));
  if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
  return outcome.explanation;
}

async function answer(mix: MixSetting): Promise<Generated> {
  bench.engine.configure(mix);
  return generated(await bench.engine.generate(request));
}

describe('a step of an answer, read again', () => {
  it.each(['fixed', 'adaptive', 'confidence'] as const)(
    'has the probability and the weights that it was drawn with, weighting %s',
    async (weighting) => {
      const result = await answer({ ...even, weighting });
      for (const step of [0, 3, result.ids.length - 1]) {
        const { pool, experts } = await explained(result, step);
        const drawn = result.trace?.[step];
        expect(Math.log(pool.drawn.probability)).toBeCloseTo(drawn?.logProb ?? Number.NaN, 2);
        for (const [id, { weight }] of Object.entries(experts)) {
          expect(weight).toBeCloseTo(drawn?.weights[id] ?? Number.NaN, 2);
        }
        // Drawn greedily, so nothing was likelier.
        expect(pool.top[0]).toEqual(pool.drawn);
        if (drawn?.text) expect(pool.drawn).toMatchObject({ kind: 'text', text: drawn.text });
      }
    },
  );

  it('gives five possibilities of each expert, the likeliest first, which pool to what was drawn', async () => {
    const result = await answer(even);
    const { pool, experts } = await explained(result, 2);
    expect(Object.keys(experts).sort()).toEqual(['code', 'math']);
    let mean = 0;
    for (const { top, drawn, weight } of Object.values(experts)) {
      expect(top).toHaveLength(5);
      const probabilities = top.map(({ probability }) => probability);
      expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
      mean += weight * drawn.probability;
    }
    expect(mean).toBeCloseTo(pool.drawn.probability, 6);
  });

  it('says that an answer ends', async () => {
    const result = await answer(even);
    expect(result.stop).toBe('end');
    expect((await explained(result, result.ids.length - 1)).pool.drawn.kind).toBe('end');
  });

  it('that the experts of now cannot read is refused with the reason', async () => {
    const result = await answer(even);
    const place = placeOf(result, 1);
    expect(await bench.engine.explain({ ...place, unit: 'byte' })).toMatchObject({
      kind: 'failed',
      failure: { code: 'request-invalid' },
    });
    const long = Array.from({ length: 5000 }, () => result.ids[0] ?? 0);
    expect(await bench.engine.explain({ ...place, ids: long })).toMatchObject({
      kind: 'failed',
      failure: { code: 'context-full' },
    });
    bench.engine.configure({ ...even, experts: [setting('code', { active: false })] });
    expect(await bench.engine.explain(place)).toMatchObject({
      kind: 'failed',
      failure: { code: 'no-expert' },
    });
  });
});
