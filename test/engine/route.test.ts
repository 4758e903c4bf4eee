/** Routing a request to one expert, with the pocket experts. */

import { describe, expect, it } from 'vitest';
import type { GenerateRequest, MixSetting } from '../../src/protocol/engine.ts';
import { setting } from '../programs.ts';
import { ask, engineForFile, even, generated } from './bench.ts';

const bench = engineForFile();
const question = (change: Partial<GenerateRequest> = {}) =>
  ask('What is 17 + 25?', { maxTokens: 12, trace: true, ...change });
const auto = { route: 'auto' } as const;

async function answer(mix: MixSetting, change: Partial<GenerateRequest>) {
  bench.engine.configure(mix);
  return generated(await bench.engine.generate(question(change)));
}

describe('a routed request', () => {
  it('is answered by the expert that the weights leave alone, and only that one runs', async () => {
    const mix: MixSetting = { ...even, experts: [setting('code', { weight: 0.05 }), setting('math')] };
    const alone = await answer({ ...even, experts: [setting('math')] }, {});
    const routed = await answer(mix, { ...auto, routeWithin: 0.1 });
    expect(routed.routed).toBe('math');
    expect(routed.text).toBe(alone.text);
    expect(routed.weights).toEqual({ math: 1 });
    for (const { evaluated } of routed.trace ?? []) expect(evaluated).toEqual(['math']);
  });

  it('runs the mixture where that may differ by more, and where nothing asks for routing', async () => {
    const mix: MixSetting = { ...even, experts: [setting('code', { weight: 0.05 }), setting('math')] };
    for (const change of [
      { ...auto, routeWithin: 0.01 },
      { routeWithin: 0.1 },
      { ...auto, route: 'never' as const },
    ]) {
      const { routed, trace = [] } = await answer(mix, change);
      expect(routed).toBeUndefined();
      for (const { evaluated } of trace) expect(evaluated).toHaveLength(2);
    }
  });

  it('is routed by agreement where the experts say the same along the prompt', async () => {
    const twins: MixSetting = {
      ...even,
      experts: [setting('code'), setting('twin', { folder: setting('code').folder })],
    };
    expect((await answer(twins, { ...auto, routeWithin: 0.01 })).routed).toBe('code');
    expect(
      (await answer({ ...twins, pool: { kind: 'geometric' } }, { ...auto, routeWithin: 0.01 })).routed,
    ).toBe('code');
    // Negative control: these two do not say the same.
    expect((await answer(even, { ...auto, routeWithin: 0.3 })).routed).toBeUndefined();
  });

  it('never is where the weights move with the answer', async () => {
    const twins = [setting('code'), setting('twin', { folder: setting('code').folder })];
    for (const weighting of ['fixedShare', 'confidence'] as const)
      expect(
        (await answer({ ...even, experts: twins, weighting }, { ...auto, routeWithin: 1 })).routed,
      ).toBeUndefined();
  });

  it('follows a change of the mix in the middle of the answer', async () => {
    const { engine } = bench;
    const mix: MixSetting = { ...even, experts: [setting('code', { weight: 0.05 }), setting('math')] };
    engine.configure(mix);
    let changed = false;
    const outcome = await engine.generate(question({ ...auto, maxTokens: 20 }), {
      onDelta: () => {
        if (changed) return;
        changed = true;
        engine.configure(even);
      },
    });
    const ran = (generated(outcome).trace ?? []).map(({ evaluated }) => evaluated.length);
    expect([ran[0], ran.at(-1)]).toEqual([1, 2]);
    expect(generated(outcome).routed).toBeUndefined();
  });
});
