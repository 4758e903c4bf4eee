import { afterEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { type Alarm, watchIdle } from '../../src/engine/idle.ts';
import type { ExpertStatus } from '../../src/protocol/engine.ts';
import { keeping } from '../kept-experts.ts';
import { setting } from '../programs.ts';
import { ask, even, generated } from './bench.ts';

/** A clock that is moved by hand. */
function handClock() {
  let now = 0;
  let set: { readonly at: number; readonly ring: () => void }[] = [];
  const alarm: Alarm = (ms, ring) => {
    const one = { at: now + ms, ring };
    set.push(one);
    return () => {
      set = set.filter((other) => other !== one);
    };
  };
  return {
    alarm,
    pass(ms: number) {
      now += ms;
      const due = set.filter(({ at }) => at <= now);
      set = set.filter(({ at }) => at > now);
      for (const { ring } of due) ring();
    },
    waiting: () => set.length,
  };
}

describe('the watch over what is used', () => {
  const watched = (answers: readonly boolean[] = []) => {
    const clock = handClock();
    let idle = 0;
    const watch = watchIdle({ alarm: clock.alarm, onIdle: () => answers[idle++] ?? true });
    return { clock, watch, idle: () => idle };
  };

  it('tells once when nothing was used for so long, counted from the end of the last use', () => {
    const { clock, watch, idle } = watched();
    watch.setPatience(100);
    clock.pass(60);
    const over = watch.use();
    clock.pass(1000);
    expect(idle()).toBe(0);
    over();
    clock.pass(99);
    expect(idle()).toBe(0);
    clock.pass(1);
    expect(idle()).toBe(1);
    clock.pass(10_000);
    expect(idle()).toBe(1);
  });

  it('waits for the last of several uses, and counts none twice', () => {
    const { clock, watch, idle } = watched();
    watch.setPatience(100);
    const [first, second] = [watch.use(), watch.use()];
    first();
    first();
    clock.pass(1000);
    expect(idle()).toBe(0);
    second();
    clock.pass(100);
    expect(idle()).toBe(1);
  });

  it('waits again where it was not the moment, never with patience 0, and not after it was disposed', () => {
    const { clock, watch, idle } = watched([false, true]);
    watch.setPatience(100);
    clock.pass(100);
    clock.pass(100);
    clock.pass(100);
    expect(idle()).toBe(2);
    watch.setPatience(0);
    watch.use()();
    expect(clock.waiting()).toBe(0);
    watch.setPatience(100);
    watch.dispose();
    expect(clock.waiting()).toBe(0);
  });
});

describe('an engine that is not used', () => {
  let engine: Engine | undefined;
  afterEach(() => engine?.dispose());
  const MINUTE = 60_000;

  const start = (unloadAfterMinutes: number | undefined) => {
    const clock = handClock();
    let statuses: readonly ExpertStatus[] = [];
    engine = createEngine({
      ...keeping,
      alarm: clock.alarm,
      onStatus: (next) => {
        statuses = next;
      },
    });
    const mix = { ...even, ...(unloadAfterMinutes !== undefined && { resources: { unloadAfterMinutes } }) };
    engine.configure(mix);
    return { engine, clock, mix, states: () => statuses.map(({ state }) => state.kind) };
  };

  it('unloads its experts after the time that is set, says so, and loads them with the next request', async () => {
    const { engine, clock, states } = start(10);
    const before = generated(await engine.generate(ask('What is 17 + 25?'))).text;
    clock.pass(10 * MINUTE - 1);
    expect(states()).toEqual(['ready', 'ready']);
    clock.pass(1);
    expect(states()).toEqual(['unloaded', 'unloaded']);
    expect(generated(await engine.generate(ask('What is 17 + 25?'))).text).toBe(before);
    expect(states()).toEqual(['ready', 'ready']);
    clock.pass(10 * MINUTE);
    expect(states()).toEqual(['unloaded', 'unloaded']);
  });

  it('does so at no other time: not during a request, nor without a time (negative control)', async () => {
    const { engine, clock, states } = start(1);
    let passed = 0;
    const result = await engine.generate(ask('What is 17 + 25?'), {
      onDelta: () => {
        clock.pass(10 * MINUTE);
        passed++;
      },
    });
    expect(generated(result).text).toContain('42');
    expect(passed).toBeGreaterThan(3);
    expect(states()).toEqual(['ready', 'ready']);
    engine.configure(even);
    clock.pass(1000 * MINUTE);
    expect(states()).toEqual(['ready', 'ready']);
  });

  it('is not woken by a change of the mix, and forgets what is switched off', async () => {
    const { engine, clock, mix, states } = start(1);
    await engine.load();
    clock.pass(MINUTE);
    engine.configure({
      ...mix,
      experts: [setting('code', { weight: 3 }), setting('math', { active: false })],
    });
    expect(states()).toEqual(['unloaded', 'off']);
    await engine.load();
    expect(states()).toEqual(['ready', 'off']);
  });

  it('keeps what an advice reads until it is done', async () => {
    const { engine, clock, states } = start(1);
    const text = 'export const one = 1;\nexport const two = one + one;\n'.repeat(40);
    const outcome = await engine.advise(
      { texts: [{ name: 'a.ts', text }], memoryLimit: 1e9 },
      { onProgress: () => clock.pass(10 * MINUTE) },
    );
    expect(outcome.kind).toBe('advised');
    expect(states()).toEqual(['ready', 'ready']);
    clock.pass(MINUTE);
    expect(states()).toEqual(['unloaded', 'unloaded']);
  });
});
