/** The replay of recorded edit sessions: its time, its typist, and the baseline, which may only get better. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Figures, figuresOf, worse } from '../../bench/replay/figures.ts';
import { readBaseline, settingsOf } from '../../bench/replay/main.ts';
import { settingOf, usualMix } from '../../bench/replay/mixes.ts';
import { typedLines, withTimes } from '../../bench/replay/record.ts';
import { type EditSession, type Key, keysOf, readSessions } from '../../bench/replay/session.ts';
import type { AnsweringEngine } from '../../bench/replay/timed-engine.ts';
import { type Replayed, type ReplayOptions, replay, whatIsTaken } from '../../bench/replay/typist.ts';
import { createVirtualTime } from '../../bench/replay/virtual-time.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { GenerateRequest } from '../../src/protocol/engine.ts';
import { keeping } from '../kept-experts.ts';
import { root } from '../programs.ts';
import { torture, tried } from '../sizes.ts';

const folder = join(root, 'bench', 'replay');
const sessions = readSessions(readFileSync(join(folder, 'sessions.jsonl'), 'utf8'));

describe('virtual time', () => {
  it('stands still for work, and brings what is due in order', async () => {
    const time = createVirtualTime();
    const said: unknown[] = [];
    const say = (what: string) => (): unknown => said.push([what, time.now()]);
    const over = new AbortController();
    time.at(20, say('second'));
    time.at(10, () => {
      say('first')();
      time.standStill(new Promise((resolve) => setTimeout(resolve, 5)).then(say('work')));
      void time.pause(10, over.signal).then(say('pause'));
      void time.pause(1000, over.signal).then(say('pause ended early'));
    });
    time.at(20, say('third'));
    time.at(30, () => over.abort());
    await time.run();
    expect(said.slice(0, 5)).toEqual([
      ['first', 10],
      ['work', 10],
      ['second', 20],
      ['third', 20],
      ['pause', 20],
    ]);
    expect(said.slice(5)).toEqual([['pause ended early', 30]]);
  });

  it('ends with work that fails', async () => {
    const time = createVirtualTime();
    time.at(1, () => time.standStill(Promise.reject(new Error('no such luck'))));
    await expect(time.run()).rejects.toThrow('no such luck');
  });
});

describe('a careful typist', () => {
  const keys = (text: string, then: readonly Key[] = []): { keys: readonly Key[] } => ({
    keys: [...[...text].map((one): Key => ({ kind: 'type', text: one, after: 100 })), ...then],
  });
  const taken = (text: string, coming: { keys: readonly Key[] }, after = '', right = 0) =>
    whatIsTaken({ text, right }, { ...coming, after });

  it('takes what comes next anyway, whole or its first line', () => {
    expect(taken('return a;', keys('return a;\n}'))).toBe('return a;');
    expect(taken('return a;\n  b;', keys('return a;\n}'))).toBe('return a;');
    expect(taken('\n  return a;\n  b;', keys('\n  return a;\n}'))).toBe('\n  return a;');
  });

  it('takes nothing else, no half a word, and nothing for two characters', () => {
    expect(taken('return b;', keys('return a;\n}'))).toBeUndefined();
    expect(taken('return', keys('returned'))).toBeUndefined();
    expect(taken('a;', keys('a;\n'))).toBeUndefined();
  });

  it('knows nothing of what comes after a deletion', () => {
    expect(taken('return a;', keys('retur', [{ kind: 'delete', after: 90 }]))).toBeUndefined();
    expect(taken('retur', keys('retur', [{ kind: 'delete', after: 90 }]))).toBe('retur');
  });

  it('does not mind a bracket that is there already', () => {
    expect(taken('first, second)', keys('first, second'), ');', 1)).toBe('first, second');
    expect(taken('first, second', keys('first, second'), ');', 1)).toBeUndefined();
  });
});

/** Typed from a beginning to an end. */
const straight = sessions.filter(({ edits }) => edits.length === 1).slice(0, 4);

/** Knows what will be typed, and is wrong about every third line; there it is less sure of itself. */
function knowing({ start, cursor, edits }: EditSession): AnsweringEngine {
  const [edit] = edits;
  const whole = start.slice(0, cursor) + (edit !== undefined && 'type' in edit ? edit.type : '');
  const answer = ({ prompt, stop }: GenerateRequest): string => {
    const before = prompt.kind === 'infill' ? prompt.prefix : '';
    const rest = whole.slice(whole.lastIndexOf(before.slice(-40)) + Math.min(40, before.length));
    const line = before.split('\n').length;
    const [text = ''] = (line % 3 === 0 ? 'nothing of the kind\n' : rest).split(stop[0] ?? '\n\n');
    return text;
  };
  return {
    async generate(request, { onDelta }) {
      const text = answer(request);
      const ids = Array.from({ length: Math.ceil(text.length / 3) }, (_, i) => i);
      const count = { one: 100 };
      const piece = { unit: 'token', shares: {} } as const;
      onDelta({ ...piece, text: '', tokens: 1, origin: { shares: {}, logProb: 0, agreement: 1 } });
      const doubt = ids.length * (text.startsWith('nothing') ? 2 : 0.1);
      onDelta({
        ...piece,
        text,
        tokens: ids.length,
        origin: { shares: {}, logProb: -doubt, agreement: 0.5 },
      });
      return {
        kind: 'generated',
        result: {
          ...{ text, ids, unit: 'token', stop: 'stop', shares: {}, weights: {} },
          ...{ promptTokens: count, reusedTokens: { one: 90 }, ms: { prefill: 0, decode: 0 } },
        },
      };
    },
  };
}

async function replaysOf(change: Omit<ReplayOptions, 'engine'> = {}): Promise<readonly Replayed[]> {
  return await Promise.all(
    straight.map((session) => replay(session, { engine: knowing(session), ...change })),
  );
}

async function withKnowing(change: Omit<ReplayOptions, 'engine'> = {}): Promise<Figures> {
  return figuresOf(await replaysOf(change));
}

describe('what was shown', () => {
  it('is each suggestion once, with what became of it', async () => {
    const replays = await replaysOf();
    const figures = figuresOf(replays);
    const shown = replays.flatMap((one) => one.shown);
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
    expect(sum(shown.map(({ times }) => times))).toBe(figures.shown);
    expect(sum(shown.map(({ accepted }) => accepted))).toBe(figures.acceptedCharacters);
    expect(shown.length).toBeLessThan(figures.shown);
    const [right, wrong] = [shown.filter(({ isRight }) => isRight), shown.filter(({ isRight }) => !isRight)];
    expect([right.length, wrong.length].every((count) => count > 10)).toBe(true);
    expect(wrong.every(({ accepted }) => accepted === 0)).toBe(true);
  });

  it('carries the certainty by which the gate keeps it back', async () => {
    const all = (await replaysOf()).flatMap(({ shown }) => shown);
    const unsure = all.filter(({ certainty: { confidence = 1 } }) => confidence < 0.5);
    expect(unsure.length).toBeGreaterThan(10);
    expect(unsure.every(({ isRight }) => !isRight)).toBe(true);
    const sure = await replaysOf({ settings: { 'completion.minConfidence': 0.5 } });
    const left = sure.flatMap(({ shown }) => shown);
    expect(left.every(({ certainty: { confidence = 1 } }) => confidence >= 0.5)).toBe(true);
    expect(left.filter(({ accepted }) => accepted > 0).length).toBeGreaterThan(10);
    expect(left.map(({ certainty }) => certainty.agreement)).toContain(0.5);
  });
});

describe('settings given by command', () => {
  it('are read as in settings.json', () => {
    expect(settingsOf(['completion.minConfidence=0.5', 'completion.multiline=never'])).toEqual({
      'completion.minConfidence': 0.5,
      'completion.multiline': 'never',
    });
  });

  it('are refused where there is no such setting', () => {
    expect(() => settingsOf(['completion.minConfidense=0.5'])).toThrow('"completion.minConfidense=0.5"');
    expect(() => settingsOf(['0.5'])).toThrow('NAME=VALUE');
  });
});

describe('the comparison', () => {
  let first: Promise<Figures> | undefined;
  const asUsual = (): Promise<Figures> => {
    first ??= withKnowing();
    return first;
  };

  it('is about the same figures every time, and finds nothing worse in them', async () => {
    const [one, two] = [await asUsual(), await withKnowing()];
    expect(two).toEqual(one);
    expect(worse(two, one)).toEqual([]);
    expect(one.accepted).toBeGreaterThan(10);
    expect(one.known).toBeGreaterThan(20);
    expect(one.savedKeys).toBeGreaterThan(100);
  });

  it('notices a completion session that does not wait for a pause', async () => {
    const hasty = await withKnowing({ settings: { 'completion.debounce': 0 } });
    expect(worse(hasty, await asUsual()).join()).toContain('tokens decoded and wasted');
  });

  it('notices one that remembers nothing', async () => {
    let asked = 0;
    const forgetful = await withKnowing({ mix: () => `another mix ${asked++}` });
    const names = worse(forgetful, await asUsual()).map((sentence) => sentence.split(':')[0]);
    expect(names).toContain('characters accepted');
    expect(names).toContain('tokens decoded and wasted');
  });

  it('notices one that keeps back what was right', async () => {
    const silent = await withKnowing({ settings: { 'completion.multiline': 'always' } });
    expect(worse(silent, await asUsual()).join()).toContain('characters accepted');
  });

  it('refuses figures of other sessions', async () => {
    const figures = await asUsual();
    expect(worse({ ...figures, keys: figures.keys + 1 }, figures).join()).toContain('--write');
  });
});

describe('the recorded sessions', () => {
  it('each say what they are made of, and by which licence', () => {
    expect(sessions.length).toBeGreaterThanOrEqual(8);
    const about = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const { licence, source, name } of sessions) {
      expect(['MIT', 'Apache-2.0']).toContain(licence);
      expect(source).not.toBe('');
      expect(about).toContain(`| ${name} | `);
    }
  });

  it('can be made of lines of a file, the same by the same seed', () => {
    const text = 'a\nfunction b() {\n  return c;\n}\nd';
    const { start, cursor, edits } = typedLines(text, 2, 4);
    expect([start, cursor]).toEqual(['a\n\nd', 2]);
    const timed = withTimes(edits, 3);
    expect(timed).toEqual(withTimes(edits, 3));
    const [session] = sessions;
    if (session === undefined) throw new Error('no session');
    const keys = keysOf({ ...session, edits: timed });
    expect(keys.map((key) => (key.kind === 'type' ? key.text : '')).join('')).toBe(
      'function b() {\n  return c;\n}',
    );
    expect(keys.map(({ after }) => after).every((ms) => ms > 20)).toBe(true);
  });
});

describe('the pocket experts, mixed as Chorus comes', () => {
  const engine = createEngine(keeping);
  afterAll(() => engine.dispose());

  const quick = sessions.filter((session) => session.quick);
  it.each(tried(quick.slice(0, 1), quick))(
    'do nowhere worse than the baseline in $name',
    torture,
    async (session) => {
      engine.configure(settingOf(usualMix, join(root, 'models'), 'fp32'));
      await engine.forget();
      const baseline = readBaseline(root).quick[session.name];
      if (baseline === undefined) throw new Error('no baseline: npm run replay -- --write');
      expect(worse(figuresOf([await replay(session, { engine })]), baseline)).toEqual([]);
    },
  );
});
