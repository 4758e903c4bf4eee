import { describe, expect, it } from 'vitest';
import { expertRows } from '../../src/extension/expert-rows.ts';
import { mixtureOf } from '../../src/extension/experts.ts';
import { mixPage } from '../../src/extension/mix-page.ts';
import { createMixSession } from '../../src/extension/mix-session.ts';
import { checkSettings, type SettingValues } from '../../src/extension/setting-rules.ts';
import type { GenerateOutcome, GenerateRequest } from '../../src/protocol/engine.ts';
import type { Tried } from '../../src/protocol/mix.ts';
import { failureOf } from '../graph/failing.ts';

const places = { extensionPath: '/extension', cache: '/cache', hasTinyBase: false };
const never = { signal: new AbortController().signal, update: () => {} };

function session(written: Partial<SettingValues> = {}, outcome?: GenerateOutcome) {
  let now: Readonly<Record<string, unknown>> = written;
  const writes: Partial<SettingValues>[] = [];
  const asked: GenerateRequest[] = [];
  const ran: string[] = [];
  const lost: [Partial<SettingValues>, string][] = [];
  const disk = { isFull: false };
  let due: (() => void) | undefined;
  const values = (): SettingValues => checkSettings((name) => now[name]).values;
  const made = createMixSession({
    values,
    rows: () =>
      expertRows(mixtureOf(places, values()).mix, {
        state: { kind: 'ready' },
        experts: [
          {
            id: 'pocket/code',
            state: { kind: 'ready', device: 'CPU', memoryBytes: 2e7, precision: 'q4' },
          },
        ],
      }),
    hold: (sets) => {
      now = { ...now, ...sets };
    },
    async write(sets) {
      if (disk.isFull) throw new Error('The disk is full.');
      writes.push(sets);
    },
    unwritten: (sets, thrown) => lost.push([sets, String(thrown)]),
    async generate(request, { onUpdate }) {
      asked.push(request);
      onUpdate?.({ text: 'a', tokens: 1, unit: 'token', shares: { x: 1 }, origin: { shares: {} } });
      onUpdate?.({ text: 'b', tokens: 2, unit: 'token', shares: { x: 1 }, origin: { shares: {} } });
      return outcome ?? { kind: 'failed', failure: { code: 'no-expert', message: 'None is there.' } };
    },
    available: () => 3e9,
    run: (command) => ran.push(command),
    after(_, callback) {
      due = callback;
      return () => {
        due = undefined;
      };
    },
  });
  return { ...made, values, writes, asked, ran, lost, disk, rest: () => due?.() };
}

describe('the mix page', () => {
  it('shows who takes part, with weights for every surface and what each takes', () => {
    const { state } = session({
      'experts.weights': { 'pocket/code': 0.5 },
      'chat.weights': { 'pocket/math': 0 },
      'chat.weighting': 'fixed',
      'mix.memoryLimit': 100,
    });
    expect(state()).toEqual({
      experts: [
        {
          id: 'pocket/code',
          name: 'code',
          weights: { both: 0.5, completion: 0.5, chat: 0.5 },
          memoryBytes: 2e7,
          state: 'ready, CPU, 20 MB',
        },
        {
          id: 'pocket/math',
          name: 'math',
          weights: { both: 1, completion: 1, chat: 0 },
          state: 'loads when needed',
        },
      ],
      fixed: { both: false, completion: false, chat: true },
      own: ['chat'],
      memory: { free: 3e9, limit: 1e8 },
    });
  });

  it('tells what could not be written, once, and goes on', async () => {
    const { handlers, writes, lost, disk, flush } = session();
    disk.isFull = true;
    await handlers.same({ surface: 'chat' }, never);
    await flush();
    expect(lost).toEqual([[{ 'chat.weights': {} }, 'Error: The disk is full.']]);
    disk.isFull = false;
    await flush();
    expect([lost.length, writes]).toEqual([1, []]);
    await handlers.same({ surface: 'completion' }, never);
    await flush();
    expect(writes).toEqual([{ 'completion.weights': {} }]);
  });

  it('puts a weight in force at once, and writes the last of them when the hand rests', async () => {
    const { handlers, values, writes, rest } = session();
    for (const weight of [0.9, 0.5, 0.2]) {
      await handlers.weigh({ tab: 'both', id: 'pocket/code', weight }, never);
      expect(values()['experts.weights']['pocket/code']).toBe(weight);
    }
    expect(writes).toEqual([]);
    rest();
    expect(writes).toEqual([{ 'experts.weights': { 'pocket/code': 0.2 } }]);
    rest();
    expect(writes).toHaveLength(1);
  });

  it('weighs on one surface alone, and everywhere again', async () => {
    const { handlers, values, writes, flush, state } = session();
    await handlers.weigh({ tab: 'completion', id: 'pocket/code', weight: 0.3 }, never);
    expect([values()['completion.weights'], values()['experts.weights']]).toEqual([
      { 'pocket/code': 0.3 },
      {},
    ]);
    expect(state().experts[0]?.weights).toEqual({ both: 1, completion: 0.3, chat: 1 });
    await handlers.same({ surface: 'completion' }, never);
    expect(values()['completion.weights']).toEqual({});
    await flush();
    expect(writes).toEqual([{ 'completion.weights': {} }]);
  });

  it.each([
    { tab: 'both', id: 'nobody', weight: 1 },
    { tab: 'both', id: 'pocket/code', weight: -1 },
    { tab: 'both', id: 'pocket/code', weight: Number.NaN },
    { tab: 'chat', id: 'pocket/code', weight: 1e9 },
  ] as const)('takes no weight such as %j', async (params) => {
    const { handlers, rest, writes } = session();
    expect((await failureOf(Promise.resolve().then(() => handlers.weigh(params, never)))).code).toBe(
      'request-invalid',
    );
    rest();
    expect(writes).toEqual([]);
  });

  it('tries the mix as a chat or as a completion would, and tells the text so far', async () => {
    const { handlers, asked } = session();
    const told: Tried[] = [];
    const follow = { ...never, update: (tried: Tried) => void told.push(tried) };
    expect(await handlers.attempt({ tab: 'completion', text: 'const a' }, follow)).toMatchObject({
      kind: 'failed',
      failure: { message: 'None is there.' },
    });
    await handlers.attempt({ tab: 'both', text: 'What?' }, never);
    expect(told.map(({ text }) => text)).toEqual(['a', 'ab']);
    expect(asked.map(({ surface, prompt }) => [surface, prompt.kind])).toEqual([
      ['completion', 'infill'],
      ['chat', 'messages'],
    ]);
  });

  it('lets nothing in but its own script and style', () => {
    const page = mixPage({ script: 's.js', style: 's.css', source: 'https://own.example', nonce: 'once' });
    expect(/content="([^"]*)"/.exec(page)?.[1]).toBe(
      "default-src 'none'; style-src https://own.example; script-src 'nonce-once'",
    );
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/ style=| on\w+=/);
  });
});
