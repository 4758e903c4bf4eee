import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompletionQuery } from '../../src/extension/completion-query.ts';
import {
  type CompletionSession,
  createCompletionSession,
  type Suggestion,
} from '../../src/extension/completion-session.ts';
import { pause } from '../../src/extension/pause.ts';
import { checkSettings } from '../../src/extension/setting-rules.ts';
import { createTrace, type Decision } from '../../src/extension/trace.ts';
import type { Delta, GenerateOutcome, GenerateRequest } from '../../src/protocol/engine.ts';
import { completionWindow } from '../../src/text/window.ts';

const never = new AbortController().signal;

function generated(text: string, stop: 'end' | 'length' | 'cancelled' = 'end'): GenerateOutcome {
  return {
    kind: 'generated',
    result: {
      text,
      unit: 'token',
      ids: [],
      stop,
      shares: {},
      weights: {},
      promptTokens: {},
      reusedTokens: {},
      ms: { prefill: 0, decode: 0 },
    },
  };
}

function query(marked: string, more: Partial<CompletionQuery> = {}): CompletionQuery {
  const cursor = marked.indexOf('|');
  return {
    path: '/w/a.ts',
    languageId: 'typescript',
    file: 'a.ts',
    explicit: false,
    selected: undefined,
    chunks: () => [],
    read: () => ({ before: marked.slice(0, cursor), after: marked.slice(cursor + 1) }),
    ...more,
  };
}

interface Bench {
  /** The first suggestion alone; all are at `all`. */
  readonly session: {
    suggest(query: CompletionQuery, signal: AbortSignal): Promise<Suggestion | undefined>;
  };
  readonly all: CompletionSession;
  readonly requests: { readonly request: GenerateRequest; readonly signal: AbortSignal | undefined }[];
  readonly pauses: number[];
  newest(): Decision | undefined;
}

function bench(
  answer: (
    request: GenerateRequest,
    signal: AbortSignal | undefined,
    onUpdate: (piece: Delta) => void,
  ) => GenerateOutcome | Promise<GenerateOutcome>,
  settings: Readonly<Record<string, unknown>> = {},
  mix: () => unknown = () => 'the mix',
  experts: readonly string[] = ['code'],
): Bench {
  const trace = createTrace();
  const requests: Bench['requests'] = [];
  const pauses: number[] = [];
  const all = createCompletionSession({
    settings: () => checkSettings((name) => settings[name]).values,
    generate: async (request, { signal, onUpdate = () => {} }) => {
      requests.push({ request, signal });
      return answer(request, signal, onUpdate);
    },
    mix: () => JSON.stringify(mix()),
    experts: () => experts,
    isSnoozed: () => settings.snoozed === true,
    isOnBattery: () => settings.battery === true,
    isSecretFile: (path) => path.endsWith('.env'),
    isStarting: () => true,
    pause: (ms, signal) => {
      pauses.push(ms);
      return pause(ms >= 150 ? 5 : ms, signal);
    },
    now: () => 0,
    trace,
  });
  const session = {
    suggest: async (asked: CompletionQuery, signal: AbortSignal) => (await all.suggest(asked, signal))[0],
  };
  return { session, all, requests, pauses, newest: () => trace.entries()[0]?.decision };
}

/** Without those drawn by chance, for who asks by command. */
function greedy(requests: Bench['requests']): Bench['requests'] {
  return requests.filter(({ request }) => request.sampling.temperature === 0);
}

describe('a completion', () => {
  it('asks the engine with the text around the cursor and shows the answer', async () => {
    const { session, requests, newest } = bench(() => generated('1;'));
    expect(await session.suggest(query('const x = |\nnext'), never)).toEqual({
      text: '1;',
      left: 0,
      right: 0,
      from: 'engine',
    });
    expect(requests[0]?.request).toMatchObject({
      surface: 'completion',
      prompt: { kind: 'infill', prefix: 'const x = ', suffix: '\nnext', file: 'a.ts' },
      maxTokens: 64,
      route: 'never',
      sampling: { temperature: 0 },
      stop: ['\n'],
    });
    expect(newest()).toEqual({ kind: 'shown', chars: 2, lines: 1, from: 'engine' });
  });

  it('tells the path in the repository and its name, where they are known', async () => {
    const { session, requests } = bench(() => generated('1;'));
    await session.suggest(query('x = |', { file: 'src/a.ts', repository: 'mine' }), never);
    await session.suggest(query('y = |'), never);
    const [known, unknown] = requests.map(({ request }) => request.prompt);
    expect(known).toMatchObject({ file: 'src/a.ts', repository: 'mine' });
    expect(unknown).not.toHaveProperty('repository');
  });

  it('keeps the prompt small', async () => {
    const { session, requests } = bench(() => generated('1;'));
    await session.suggest(query(`${'let a = 1;\n'.repeat(500)}x = |\n${'let b = 2;\n'.repeat(500)}`), never);
    const prompt = requests[0]?.request.prompt;
    expect(prompt?.kind === 'infill' && prompt.prefix.length).toBeLessThanOrEqual(
      completionWindow.prefixChars,
    );
    expect(prompt?.kind === 'infill' && prompt.suffix.length).toBeLessThanOrEqual(
      completionWindow.suffixChars,
    );
  });

  it('waits before an automatic request and not before one asked for', async () => {
    const { session, pauses } = bench(() => generated('1;'));
    await session.suggest(query('x = |'), never);
    expect(pauses).toEqual([150]);
    await session.suggest(query('y = |', { explicit: true }), never);
    expect(pauses).not.toContain(0);
    expect(pauses.filter((ms) => ms === 150)).toHaveLength(1);
  });

  it('asks for several lines after an opening bracket', async () => {
    const { session, requests } = bench(() => generated('\n  go();\n  st', 'length'));
    expect(await session.suggest(query('f() {|'), never)).toEqual({
      text: '\n  go();',
      left: 0,
      right: 0,
      from: 'engine',
    });
    expect(requests[0]?.request.stop).toEqual(['\n\n']);
  });

  it('replaces closers right of the cursor', async () => {
    const { session } = bench(() => generated('a, b);'));
    expect(await session.suggest(query('foo(|)'), never)).toEqual({
      text: 'a, b);',
      left: 0,
      right: 1,
      from: 'engine',
    });
  });
});

describe('no completion, and the reason why', () => {
  it.each<[string, Readonly<Record<string, unknown>>, CompletionQuery, string]>([
    ['when they are off', { 'completion.enabled': false }, query('x = |'), 'disabled'],
    ['in a language', { 'completion.languages': { typescript: false } }, query('x = |'), 'language-disabled'],
    ['without experts', { 'experts.active': [] }, query('x = |'), 'no-expert'],
    ['while they are snoozed', { snoozed: true }, query('x = |'), 'snoozed'],
    ['on battery', { battery: true, 'completion.onBattery': 'off' }, query('x = |'), 'on-battery'],
    ['in a secret file', {}, query('x = |', { path: '/w/.env' }), 'secret-file'],
    ['beside a secret', {}, query(`key = AKIA${'ABCDEFGH12345678'}\nx = |`), 'secret-text'],
    ['inside a secret', {}, query(`key = AKIA|${'ABCDEFGH12345678'}`), 'secret-text'],
    ['inside a word', {}, query('va|lue'), 'inside-word'],
  ])('%s', async (_name, settings, asked, because) => {
    const { session, requests, newest } = bench(() => generated('1;'), settings);
    expect(await session.suggest(asked, never)).toBeUndefined();
    expect(newest()).toEqual({ kind: 'skipped', because });
    expect(requests).toHaveLength(0);
  });

  it('reads no text where none may be suggested, however it is asked for', async () => {
    const read = (): never => {
      throw new Error('this must not be read');
    };
    const { session } = bench(() => generated('1;'), { snoozed: true });
    expect(await session.suggest(query('x = |', { read }), never)).toBeUndefined();
    const secret = query('x = |', { path: '/w/.env', explicit: true, read });
    expect(await session.suggest(secret, never)).toBeUndefined();
  });

  it('sends no secret to the engine, however it is asked for', async () => {
    const { session, requests, newest } = bench(() => generated('1;'));
    const asked = query(`key = AKIA${'ABCDEFGH12345678'}\nx = |`, { explicit: true });
    expect(await session.suggest(asked, never)).toBeUndefined();
    expect(newest()).toEqual({ kind: 'skipped', because: 'secret-text' });
    expect(requests).toHaveLength(0);
  });

  it('asks on battery and while they are snoozed when the user says so', async () => {
    const settings = { battery: true, 'completion.onBattery': 'off', snoozed: true };
    const { session } = bench(() => generated('1;'), settings);
    expect(await session.suggest(query('x = |', { explicit: true }), never)).toBeDefined();
  });

  it('asks on battery where that is allowed', async () => {
    const { session } = bench(() => generated('1;'), { battery: true });
    expect(await session.suggest(query('x = |'), never)).toBeDefined();
  });

  it('asks in spite of the setting when the user says so', async () => {
    const { session } = bench(() => generated('1;'), { 'completion.enabled': false });
    expect(await session.suggest(query('x = |', { explicit: true }), never)).toBeDefined();
  });

  it("keeps the engine's sentence when it failed", async () => {
    const failure = { code: 'engine-exited', message: 'The engine stopped.' } as const;
    const { session, newest } = bench(() => ({ kind: 'failed', failure }));
    expect(await session.suggest(query('x = |'), never)).toBeUndefined();
    expect(newest()).toEqual({ kind: 'failed', code: 'engine-exited', message: 'The engine stopped.' });
  });

  it('names the rule that took the answer away', async () => {
    const { session, newest } = bench(() => generated('next'));
    expect(await session.suggest(query('|\nnext'), never)).toBeUndefined();
    expect(newest()).toEqual({ kind: 'filtered', rule: 'repeats-suffix' });
  });

  it('never asks the engine when the user types on within the pause', async () => {
    const { session, requests, newest } = bench(() => generated('1;'));
    const controller = new AbortController();
    const under = session.suggest(query('x = |'), controller.signal);
    controller.abort();
    expect(await under).toBeUndefined();
    expect(requests).toHaveLength(0);
    expect(newest()).toEqual({ kind: 'cancelled', stage: 'waiting', by: 'editor' });
  });

  it('gives up an earlier request for a newer one, at once', async () => {
    const { session, requests, newest } = bench((_request, signal) =>
      requests.length === 1 ? new Promise(() => {}) : generated(signal?.aborted ? 'late' : '2;'),
    );
    const first = session.suggest(query('x = |', { explicit: true }), never);
    const second = session.suggest(query('xy = |', { explicit: true }), never);
    expect(await first).toBeUndefined();
    expect(requests[0]?.signal?.aborted).toBe(true);
    expect(requests[1]?.signal?.aborted).toBe(false);
    expect(await second).toEqual({ text: '2;', left: 0, right: 0, from: 'engine' });
    expect(newest()?.kind).toBe('shown');
  });

  it('says that the engine was still starting', async () => {
    const { session, newest } = bench(() => new Promise(() => {}));
    const controller = new AbortController();
    const under = session.suggest(query('x = |', { explicit: true }), controller.signal);
    controller.abort();
    await under;
    expect(newest()).toEqual({ kind: 'cancelled', stage: 'starting', by: 'editor' });
  });
});

describe('typing what is suggested', () => {
  it('shows the rest at once, without the engine', async () => {
    const { session, requests, pauses, newest } = bench(() => generated('value + 1;'));
    await session.suggest(query('x = |'), never);
    expect(await session.suggest(query('x = val|'), never)).toEqual({
      text: 'ue + 1;',
      left: 0,
      right: 0,
      from: 'typed-ahead',
    });
    expect(newest()).toEqual({ kind: 'shown', chars: 7, lines: 1, from: 'typed-ahead' });
    expect(await session.suggest(query('x = value|'), never)).toEqual({
      text: ' + 1;',
      left: 0,
      right: 0,
      from: 'typed-ahead',
    });
    expect(requests).toHaveLength(1);
    expect(pauses).toHaveLength(1);
  });

  it.each<[string, CompletionQuery]>([
    ['something else is typed', query('x = vol|')],
    ['all of it is typed', query('x = value + 1|')],
    ['the text after the cursor is another', query('x = val|)')],
    ['it is another file', query('x = val|', { path: '/w/b.ts', file: 'b.ts' })],
  ])('asks again when %s', async (_name, asked) => {
    const { session, requests } = bench(() => generated('value + 1'));
    await session.suggest(query('x = |'), never);
    await session.suggest(asked, never);
    expect(requests).toHaveLength(2);
  });
});

describe('the gate', () => {
  const piece = (text: string, tokens: number, probability: number): Delta => ({
    text,
    tokens,
    unit: 'token',
    shares: {},
    origin: { shares: {}, logProb: Math.log(probability), agreement: 0.5 },
  });
  const unsure = (_: GenerateRequest, __: AbortSignal | undefined, onUpdate: (piece: Delta) => void) => {
    onUpdate(piece('1', 1, 0.1));
    onUpdate(piece(';', 2, 0.4));
    return generated('1;');
  };

  it('lets everything through unless it is set, and says the figures', async () => {
    const { session, requests, newest } = bench(unsure);
    expect(await session.suggest(query('x = |'), never)).toMatchObject({ text: '1;' });
    expect(requests[0]?.request.observe).toBe(true);
    expect(newest()).toMatchObject({ confidence: expect.closeTo(0.2), agreement: 0.5 });
    await session.suggest(query('x = 1|'), never);
    expect(newest()).toMatchObject({ from: 'typed-ahead', confidence: expect.closeTo(0.2) });
  });

  it.each([
    ['confidence', 0.25],
    ['agreement', 0.6],
  ])('keeps back what has too little %s, and not what was asked for by command', async (by, least) => {
    const name = by === 'confidence' ? 'completion.minConfidence' : 'completion.minAgreement';
    const settings = { [name]: least };
    const { session, requests, newest } = bench(unsure, settings);
    expect(await session.suggest(query('x = |'), never)).toBeUndefined();
    expect(newest()).toMatchObject({ kind: 'gated', by, least });
    expect(await session.suggest(query('x = |', { explicit: true }), never)).toBeDefined();
    // The setting counts at once for what is known already.
    settings[name] = 0;
    expect(await session.suggest(query('x = |'), never)).toBeDefined();
    expect(greedy(requests)).toHaveLength(3);
  });

  it('does not show unasked, from what is known, what only a command showed', async () => {
    const { session, requests, newest } = bench(unsure, { 'completion.minConfidence': 0.25 });
    const byCommand = await session.suggest(query('x = |', { explicit: true }), never);
    expect(byCommand).toBeDefined();
    expect(await session.suggest(query('x = |'), never)).toBeUndefined();
    expect(newest()).toMatchObject({ kind: 'gated', by: 'confidence', least: 0.25 });
    const typed = byCommand?.text.slice(0, 1) ?? '';
    expect(await session.suggest(query(`x = ${typed}|`), never)).toBeUndefined();
    expect(greedy(requests)).toHaveLength(1);
  });

  it('ends a block whose first line it keeps back', async () => {
    const { session, requests, newest } = bench(
      (_request, _signal, onUpdate) => {
        onUpdate(piece('\n  go', 1, 0.01));
        onUpdate(piece('();\n', 2, 0.01));
        return new Promise(() => {});
      },
      { 'completion.minConfidence': 0.5 },
    );
    expect(await session.suggest(query('f() {|'), never)).toBeUndefined();
    expect(requests[0]?.signal?.aborted).toBe(true);
    expect(newest()).toMatchObject({ kind: 'gated', by: 'confidence' });
  });
});

describe('several suggestions', () => {
  const alone = ({ mix }: GenerateRequest): string => Object.keys(mix?.weights ?? {}).join(' and ');
  const byExpert = (request: GenerateRequest): GenerateOutcome =>
    generated(alone(request) === 'math' ? '2;' : '1;');

  it('come where the user asks by command: the mixture, then each expert alone, each text once', async () => {
    const { all, requests } = bench(byExpert, {}, undefined, ['code', 'math']);
    const found = await all.suggest(query('x = |', { explicit: true }), never);
    expect(found.map(({ text }) => text)).toEqual(['1;', '2;']);
    expect(requests.map(({ request }) => alone(request))).toEqual(['', 'code', 'math']);
    await all.suggest(query('x = |', { explicit: true }), never);
    expect(requests).toHaveLength(3);
  });

  it('are drawn by chance where one expert answers', async () => {
    const { all, requests } = bench(({ sampling }) => generated(`${sampling.seed};`));
    const found = await all.suggest(query('x = |', { explicit: true }), never);
    expect(found.map(({ text }) => text)).toEqual(['0;', '1;', '2;']);
    expect(requests.map(({ request }) => request.sampling.temperature > 0)).toEqual([false, true, true]);
  });

  it('do not come while the user types', async () => {
    const { all, requests } = bench(byExpert, {}, undefined, ['code', 'math']);
    expect(await all.suggest(query('x = |'), never)).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });

  it('are what is there where the user would wait too long', async () => {
    const { all, pauses } = bench(
      (request) => (alone(request) === '' ? generated('1;') : new Promise(() => {})),
      {},
      undefined,
      ['code', 'math'],
    );
    expect(await all.suggest(query('x = |', { explicit: true }), never)).toHaveLength(1);
    expect(pauses).toEqual([2000]);
  });
});

describe('after an accept', () => {
  it('what follows is asked for ahead and shown at once', async () => {
    const { all, requests, newest } = bench(({ prompt }) =>
      generated(prompt.kind === 'infill' && prompt.prefix.endsWith('(') ? 'b, c' : 'add('),
    );
    const [suggestion] = await all.suggest(query('x = |'), never);
    all.accepted(suggestion as Suggestion);
    await pause(20);
    expect(requests[1]?.request.prompt).toMatchObject({ prefix: 'x = add(' });
    expect(await all.suggest(query('x = add(|'), never)).toMatchObject([{ text: 'b, c' }]);
    expect(newest()).toMatchObject({ kind: 'shown', from: 'prefetched' });
    expect(requests).toHaveLength(2);
  });

  it('a request for that place waits for what is on its way', async () => {
    let answer: (outcome: GenerateOutcome) => void = () => {};
    const { all, requests } = bench(() =>
      requests.length === 1
        ? generated('add(')
        : new Promise((resolve) => {
            answer = resolve;
          }),
    );
    const [suggestion] = await all.suggest(query('x = |'), never);
    all.accepted(suggestion as Suggestion);
    const under = all.suggest(query('x = add(|'), never);
    await pause(20);
    answer(generated('b'));
    expect(await under).toMatchObject([{ text: 'b' }]);
    expect(requests).toHaveLength(2);
  });

  it('a request by command for that place waits for it too', async () => {
    let answer: (outcome: GenerateOutcome) => void = () => {};
    const { all, requests } = bench(({ sampling }) =>
      requests.length === 2
        ? new Promise((resolve) => {
            answer = resolve;
          })
        : generated(`add${sampling.seed}(`),
    );
    const [suggestion] = await all.suggest(query('x = |'), never);
    all.accepted(suggestion as Suggestion);
    const under = all.suggest(query('x = add0(|', { explicit: true }), never);
    await pause(5);
    expect(requests).toHaveLength(2);
    answer(generated('b'));
    expect((await under)[0]).toMatchObject({ text: 'b' });
    expect(greedy(requests)).toHaveLength(2);
  });

  it('a request by command for another place ends it', async () => {
    const { all, requests } = bench(() =>
      requests.length === 2 ? new Promise(() => {}) : generated('add('),
    );
    const [suggestion] = await all.suggest(query('x = |'), never);
    all.accepted(suggestion as Suggestion);
    expect(await all.suggest(query('y = |', { explicit: true }), never)).toHaveLength(1);
    expect(requests[1]?.signal?.aborted).toBe(true);
  });

  it('it gives way to a request for another place, and to one under way', async () => {
    const { all, requests } = bench(() =>
      requests.length === 2 ? new Promise(() => {}) : generated('add('),
    );
    const [suggestion] = await all.suggest(query('x = |'), never);
    all.accepted(suggestion as Suggestion);
    expect(await all.suggest(query('y = |'), never)).toHaveLength(1);
    expect(requests[1]?.signal?.aborted).toBe(true);
    expect(requests).toHaveLength(3);
    const [other] = await all.suggest(query('z = |'), never);
    const under = all.suggest(query('w = |', { explicit: true }), never);
    all.accepted(other as Suggestion);
    await under;
    expect(
      requests.some(({ request: { prompt } }) => prompt.kind === 'infill' && prompt.prefix === 'z = add('),
    ).toBe(false);
  });

  it('nothing is asked for where nothing would be shown', async () => {
    const { all, requests } = bench(() => generated('1;'));
    const [suggestion] = await all.suggest(query('x = |'), never);
    all.accepted(suggestion as Suggestion);
    await pause(20);
    expect(requests).toHaveLength(1);
  });
});

describe('asking again', () => {
  it('is answered at once where the same was asked before, as after Backspace', async () => {
    const { session, requests, pauses, newest } = bench(({ prompt }) =>
      generated(prompt.kind === 'infill' && prompt.prefix.endsWith('xy = ') ? '2;' : '1;'),
    );
    await session.suggest(query('x = |'), never);
    await session.suggest(query('xy = |'), never);
    expect(await session.suggest(query('x = |'), never)).toMatchObject({ text: '1;' });
    expect(newest()).toMatchObject({ kind: 'shown', from: 'cache' });
    expect(await session.suggest(query('xy = |'), never)).toMatchObject({ text: '2;' });
    expect(requests).toHaveLength(2);
    expect(pauses).toHaveLength(2);
  });

  it('knows an earlier answer than the last one when its beginning is typed', async () => {
    const { session, requests } = bench(({ prompt }) =>
      generated(prompt.kind === 'infill' && prompt.prefix.endsWith('v') ? 'oid 0' : 'value + 1;'),
    );
    await session.suggest(query('x = |'), never);
    await session.suggest(query('y = v|'), never);
    expect(await session.suggest(query('x = val|'), never)).toMatchObject({ text: 'ue + 1;' });
    expect(requests).toHaveLength(2);
  });

  it('remembers that there was nothing, except for who asks by command', async () => {
    const { session, requests, newest } = bench(() => generated('next'));
    await session.suggest(query('|\nnext'), never);
    await session.suggest(query('|\nnext'), never);
    expect(newest()).toEqual({ kind: 'filtered', rule: 'repeats-suffix' });
    expect(requests).toHaveLength(1);
    await session.suggest(query('|\nnext', { explicit: true }), never);
    expect(greedy(requests)).toHaveLength(2);
  });

  it('goes on inside a block whose beginning was typed', async () => {
    const { session, requests } = bench(() => generated('\n  go();\n  stop();\n'));
    await session.suggest(query('f() {|'), never);
    expect(await session.suggest(query('f() {\n  g|'), never)).toMatchObject({ text: 'o();\n  stop();' });
    expect(requests).toHaveLength(1);
  });

  it.each<[string, CompletionQuery, Readonly<Record<string, unknown>>]>([
    ['the text after the cursor', query('x = |\nmore'), {}],
    ['the file', query('x = |', { file: 'b.ts' }), {}],
    ['the length of suggestions', query('x = |'), { 'completion.maxTokens': 7 }],
    ['the number of lines', query('x = |'), { 'completion.multiline': 'always' }],
  ])('asks the engine after a change of %s', async (_name, asked, change) => {
    const settings: Record<string, unknown> = {};
    const { session, requests } = bench(() => generated('1;'), settings);
    await session.suggest(query('x = |'), never);
    Object.assign(settings, change);
    await session.suggest(asked, never);
    expect(requests).toHaveLength(2);
  });

  it('asks the engine after a change of the mix', async () => {
    let mix = 1;
    const { session, requests } = bench(
      () => generated('1;'),
      {},
      () => mix,
    );
    await session.suggest(query('x = |'), never);
    mix = 2;
    await session.suggest(query('x = |'), never);
    expect(requests).toHaveLength(2);
  });

  it('keeps no answer of a request that failed', async () => {
    const failure = { code: 'engine-exited', message: 'The engine stopped.' } as const;
    let failed = false;
    const { session } = bench(() => {
      failed = !failed;
      return failed ? { kind: 'failed', failure } : generated('1;');
    });
    expect(await session.suggest(query('x = |'), never)).toBeUndefined();
    expect(await session.suggest(query('x = |'), never)).toBeDefined();
  });
});

describe('with an entry selected in the list of suggestions', () => {
  const selected = { text: 'toString', left: 2, right: 0 };

  it('goes on from the entry and stands in for the same text', async () => {
    const { session, requests } = bench(() => generated('();'));
    const asked = query('x.to|', { selected });
    expect(await session.suggest(asked, never)).toEqual({
      text: 'toString();',
      left: 2,
      right: 0,
      from: 'engine',
    });
    expect(requests[0]?.request.prompt).toMatchObject({ prefix: 'x.toString' });
  });

  it('always begins with the entry, or is nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (raw) => {
        const { session } = bench(() => generated(raw));
        const suggestion = await session.suggest(query('x.to|', { selected, explicit: true }), never);
        if (suggestion !== undefined) {
          expect(suggestion.text.startsWith('toString')).toBe(true);
          expect(suggestion.text.length).toBeGreaterThan('toString'.length);
        }
      }),
    );
  });
});
