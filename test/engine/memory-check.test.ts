import { afterEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { type ExpertMemory, fits, MEMORY_RESERVE, memoryOf, roomIn } from '../../src/engine/memory-check.ts';
import type { ExpertStatus, ResourceSetting } from '../../src/protocol/engine.ts';
import { keeping } from '../kept-experts.ts';
import { cacheFolder, pocket, setting } from '../programs.ts';
import { ask, even, failed, generated } from './bench.ts';

let engines: Engine[] = [];
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.dispose()));
  engines = [];
});

function engineWith(available: () => number, resources?: ResourceSetting) {
  let statuses: readonly ExpertStatus[] = [];
  const made = createEngine({
    ...keeping,
    available,
    onStatus: (next) => {
      statuses = next;
    },
  });
  engines.push(made);
  made.configure({ ...even, resources });
  return {
    engine: made,
    states: () => statuses.map(({ state }) => state.kind),
    messages: () => statuses.flatMap(({ state }) => (state.kind === 'failed' ? [state.failure.message] : [])),
  };
}

const needed = async (precision: 'q4' | 'fp32' = 'q4', contextLimit?: number): Promise<number> =>
  (await memoryOf({ folder: pocket('code'), precision, contextLimit, cacheFolder })).total;

describe('the room for one more expert', () => {
  const memory = (total: number, base: string, shared = 0): ExpertMemory => ({
    weights: 0,
    context: 0,
    work: 0,
    total,
    shared,
    base,
  });
  const others = [
    { id: 'a', memory: memory(100e6, 'a'), loading: false },
    { id: 'b', memory: memory(50e6, 'b'), loading: true },
  ];

  it('is what is free, without the reserve and what is loading now, and within the limit for all', () => {
    const state = { available: 1e9, limit: undefined, others };
    expect(roomIn(state)).toBe(1e9 - MEMORY_RESERVE - 50e6);
    expect(roomIn({ ...state, limit: 250e6 })).toBe(100e6);
    expect(roomIn({ ...state, limit: 10e6 })).toBe(0);
    expect(roomIn({ ...state, available: 10e6 })).toBe(0);
  });

  it('counts the weights of one base once', () => {
    const one = memory(100e6, 'base', 80e6);
    const state = (limit: number, loading: boolean) => ({
      available: 64e9,
      limit,
      others: [{ id: 'a', memory: one, loading }],
    });
    expect(fits(one, state(120e6, false))).toBe(true);
    expect(fits(one, state(119e6, false))).toBe(false);
    expect(fits(memory(100e6, 'other', 80e6), state(199e6, true))).toBe(false);
    const three = [...state(1, true).others, { id: 'b', memory: one, loading: true }];
    expect(roomIn({ available: MEMORY_RESERVE + 150e6, limit: undefined, others: three })).toBe(30e6);
  });
});

describe('an expert that does not fit', () => {
  it('is not loaded, and the numbers and the ways out are said; where there is room it is (negative control)', async () => {
    const { engine, states, messages } = engineWith(() => MEMORY_RESERVE + 1e6);
    const failure = failed(await engine.generate(ask('Hi')));
    expect(failure.code).toBe('out-of-memory');
    expect(states()).toEqual(['failed', 'failed']);
    expect(messages()[0]).toMatch(
      /^'code' needs about \d+ MB of memory \(weights \d+ MB, context \d+ MB, work \d+ MB\), and 1 MB are free/,
    );
    expect(messages()[0]).toMatch(/Choose a smaller model, or close other programs\.$/);
    const roomy = engineWith(() => 64e9);
    expect(generated(await roomy.engine.generate(ask('What is 17 + 25?'))).text).toContain('42');
  });

  it('is told of 4 bits or a shorter context, where that fits', async () => {
    const room = (await needed('q4')) + 1e6;
    const { engine, messages } = engineWith(() => MEMORY_RESERVE + room);
    engine.configure({ ...even, experts: [setting('code', { precision: 'fp32' })] });
    expect(failed(await engine.generate(ask('Hi'))).code).toBe('out-of-memory');
    expect(messages()[0]).toContain('Choose the precision q4');

    const shorter = engineWith(() => MEMORY_RESERVE + room - 2e6);
    shorter.engine.configure({ ...even, experts: [setting('code')] });
    expect(failed(await shorter.engine.generate(ask('Hi'))).code).toBe('out-of-memory');
    expect(shorter.messages()[0]).toContain('Set chorus.models.contextLimit to 512 tokens');
    expect(shorter.messages()[0]).not.toContain('precision');
    // What was advised helps.
    shorter.engine.configure({ ...even, experts: [setting('code', { contextLimit: 512 })] });
    await shorter.engine.load();
    expect(shorter.states()).toEqual(['ready']);
  });

  it('is told whom to switch off, is loaded when that is done, and meanwhile the other answers alone', async () => {
    const one = await needed();
    const { engine, states, messages } = engineWith(() => 64e9, { memoryLimit: 1.5 * one });
    const alone = generated(await engine.generate(ask('What is 17 + 25?', { trace: true })));
    expect(states().toSorted()).toEqual(['failed', 'ready']);
    expect(Object.keys(alone.shares)).toHaveLength(1);
    const [loaded = '', refused = ''] = states()[0] === 'ready' ? ['code', 'math'] : ['math', 'code'];
    expect(messages()[0]).toContain(`'${refused}' needs`);
    expect(messages()[0]).toContain('within chorus.mix.memoryLimit');
    expect(messages()[0]).toContain(`Switch '${loaded}' off`);
    engine.configure({
      ...even,
      experts: even.experts.map((expert) => ({ ...expert, active: expert.id === refused })),
      resources: { memoryLimit: 1.5 * one },
    });
    await engine.load();
    expect(states().toSorted()).toEqual(['off', 'ready']);
  });

  it('counts what is loading at the same moment', async () => {
    const one = await needed();
    const { engine, states } = engineWith(() => MEMORY_RESERVE + 1.5 * one);
    await engine.load();
    expect(states().toSorted()).toEqual(['failed', 'ready']);
    const both = engineWith(() => MEMORY_RESERVE + 2.5 * one);
    await both.engine.load();
    expect(both.states()).toEqual(['ready', 'ready']);
  });

  it('is not loaded for an advice either', async () => {
    const { engine } = engineWith(() => MEMORY_RESERVE + 1e6);
    engine.configure({ ...even, experts: [setting('code', { active: false })] });
    const text = 'export const one = 1;\nexport const two = one + one;\n'.repeat(40);
    const outcome = await engine.advise({ texts: [{ name: 'a.ts', text }], memoryLimit: 1e9 });
    if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
    expect(outcome.advice.unmeasured.map(({ failure }) => failure.code)).toEqual(['out-of-memory']);
  });
});
