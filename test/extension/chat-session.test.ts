import { describe, expect, test } from 'vitest';
import type { AttachOutcome } from '../../src/extension/attach.ts';
import { type ChatSession, createChatSession, newConversation } from '../../src/extension/chat-session.ts';
import type { AnswerUpdate } from '../../src/protocol/chat.ts';
import type {
  Delta,
  ExplainRequest,
  Generated,
  GenerateOutcome,
  GenerateRequest,
} from '../../src/protocol/engine.ts';
import type { FailureCode } from '../../src/protocol/failure.ts';

interface Call {
  readonly request: GenerateRequest;
  readonly signal: AbortSignal;
  readonly update: (delta: Delta) => void;
  readonly end: (outcome: GenerateOutcome) => void;
  readonly fail: (thrown: unknown) => void;
}

/** A session over a generator that the test plays by hand. An aborted call ends as `cancelled`, as the engine's does. */
function playedSession() {
  const calls: Call[] = [];
  const explained: ExplainRequest[] = [];
  let changes = 0;
  const session = createChatSession(
    {
      chatSettings: () => ({ maxTokens: 64, temperature: 0.5, systemPrompt: 'Be brief.', route: 'auto' }),
      seed: () => 7,
      attach: async (question) => attachedTo(question),
      async explain(request) {
        explained.push(request);
        return { kind: 'failed', failure: { code: 'no-expert', message: 'Nobody is there.' } };
      },
      generate: (request, { signal, onUpdate }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => resolve(failed('cancelled')));
          calls.push({ request, signal, update: onUpdate, end: resolve, fail: reject });
        }),
    },
    () => changes++,
  );
  const last = (): Call => {
    const call = calls.at(-1);
    if (call === undefined) throw new Error('Nothing was generated yet.');
    return call;
  };
  return { session, calls, explained, last, changes: () => changes };
}

function generated(text: string, more: Partial<Generated> = {}): GenerateOutcome {
  return {
    kind: 'generated',
    result: {
      text,
      unit: 'token',
      ids: [1, 2, 3],
      stop: 'end',
      shares: { 'pocket/math': 1 },
      weights: {},
      promptTokens: {},
      reusedTokens: {},
      ms: { prefill: 1, decode: 100 },
      ...more,
    },
  };
}

/** Of `@file:` the path and how often it was read; a file called `no` is refused. */
let reads = 0;
function attachedTo(question: string): AttachOutcome {
  const name = /@file:(\S+)/.exec(question)?.[1];
  if (name === undefined) return { kind: 'attached', texts: [] };
  if (name === 'broken') throw new Error('The file system is gone.');
  if (name === 'no') return { kind: 'refused', reason: 'no is a secret file.' };
  reads++;
  const text = `text ${reads} of ${name}`;
  return {
    kind: 'attached',
    texts: [{ kind: 'attached', mention: `@file:${name}`, name, detail: '1 line', text, language: 'ts' }],
  };
}

function failed(code: FailureCode): GenerateOutcome {
  return { kind: 'failed', failure: { code, message: `It failed: ${code}.` } };
}

const delta = (text: string, tokens = 1): Delta => ({
  text,
  tokens,
  unit: 'token',
  shares: { 'pocket/math': 1 },
  origin: { shares: { 'pocket/math': 1 }, logProb: -0.1 },
});
/** What is kept of such a delta. */
const piece = { length: 1, steps: 1, shares: { 'pocket/math': 1 } };
const contents = ({ request }: Call): string[] =>
  request.prompt.kind === 'messages' ? request.prompt.messages.map(({ content }) => content) : [];
const nextTick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const never = (): AbortSignal => new AbortController().signal;

describe('a question', () => {
  test('whose mentions cannot be read fails, and the next one is asked', async () => {
    const { session, last, calls } = playedSession();
    await session.ask('Explain @file:broken');
    expect(calls).toEqual([]);
    expect(session.turns()[0]?.answer).toMatchObject({ kind: 'failed', failure: { code: 'internal' } });
    const asked = session.ask('And 2 + 2?');
    await nextTick();
    last().end(generated('4'));
    await asked;
    expect(session.turns()[1]?.answer).toMatchObject({ kind: 'done', text: '4' });
  });

  test('is sent with the settings, and its answer grows and ends', async () => {
    const { session, last } = playedSession();
    const asked = session.ask('What is 17 + 25?');
    await nextTick();
    expect(last().request).toMatchObject({
      surface: 'chat',
      maxTokens: 64,
      route: 'auto',
      sampling: { temperature: 0.5, seed: 7 },
    });
    expect(contents(last())).toEqual(['Be brief.', 'What is 17 + 25?']);
    last().update(delta('4'));
    last().update(delta('2', 2));
    expect(session.turns()[0]?.answer).toEqual({
      kind: 'streaming',
      text: '42',
      tokens: 2,
      unit: 'token',
      shares: { 'pocket/math': 1 },
      pieces: [piece, piece],
    });
    last().end(generated('42'));
    await asked;
    expect(session.turns()[0]?.answer).toEqual({
      kind: 'done',
      stop: 'end',
      text: '42',
      tokens: 3,
      unit: 'token',
      tokensPerSecond: 30,
      shares: { 'pocket/math': 1 },
      pieces: [piece, piece],
    });
  });

  test('is followed by the earlier turns that were answered, and by no failed one', async () => {
    const { session, last } = playedSession();
    for (const [question, outcome] of [
      ['one', generated('1')],
      ['two', failed('engine-exited')],
      ['three', generated('')],
    ] as const) {
      const asked = session.ask(question);
      await nextTick();
      last().end(outcome);
      await asked;
    }
    void session.ask('four');
    await nextTick();
    expect(contents(last())).toEqual(['Be brief.', 'one', '1', 'four']);
  });

  test('that finds the context full is tried once more without earlier turns', async () => {
    const { session, calls, last } = playedSession();
    const first = session.ask('one');
    await nextTick();
    last().end(generated('1'));
    await first;
    const second = session.ask('two');
    await nextTick();
    last().end(failed('context-full'));
    await nextTick();
    expect(contents(last())).toEqual(['Be brief.', 'two']);
    last().end(failed('context-full'));
    await second;
    expect(calls).toHaveLength(3);
    expect(session.turns()[1]?.answer).toMatchObject({ kind: 'failed', failure: { code: 'context-full' } });
  });

  test('that fails keeps what had appeared, and trying again takes its place', async () => {
    const { session, last } = playedSession();
    const asked = session.ask('one');
    await nextTick();
    last().update(delta('half'));
    last().end(failed('engine-exited'));
    await asked;
    const [turn] = session.turns();
    expect(turn?.answer).toMatchObject({ kind: 'failed', text: 'half', failure: { code: 'engine-exited' } });
    void session.ask('one', turn?.id);
    await nextTick();
    expect(session.turns().map(({ answer }) => answer.kind)).toEqual(['streaming']);
  });

  test('in the place of a turn that is gone is put at the end', async () => {
    const { session } = await answered('one');
    void session.ask('two', 99);
    await nextTick();
    expect(questions(session)).toEqual(['one', 'two']);
    expect(session.cut()).toBe(0);
  });

  test('ends as a failure where the generator throws after all', async () => {
    const { session, last } = playedSession();
    const asked = session.ask('one');
    await nextTick();
    last().fail(new Error('a bug'));
    await asked;
    expect(session.turns()[0]?.answer).toMatchObject({ kind: 'failed', failure: { code: 'internal' } });
  });

  test('stops the answer before it, which keeps its text', async () => {
    const { session, calls, last } = playedSession();
    const first = session.ask('one');
    await nextTick();
    last().update(delta('half'));
    void session.ask('two');
    await first;
    await nextTick();
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(session.turns()[0]?.answer).toMatchObject({ kind: 'done', stop: 'cancelled', text: 'half' });
    expect(session.turns()[1]?.answer.kind).toBe('streaming');
  });

  test('asked twice at once leaves one answer under way', async () => {
    const { session } = playedSession();
    void session.ask('one');
    void session.ask('two');
    void session.ask('three');
    await nextTick();
    expect(session.turns().filter(({ answer }) => answer.kind === 'streaming')).toHaveLength(1);
  });
});

/** A session in which these questions were asked and answered, each by itself. */
async function answered(...asked: readonly string[]) {
  const played = playedSession();
  for (const question of asked) {
    const ended = played.session.ask(question);
    await nextTick();
    played.last().update(delta(question));
    played.last().end(generated(question));
    await ended;
  }
  return played;
}

const questions = (session: ChatSession): string[] => session.turns().map(({ question }) => question);

describe('a question put anew', () => {
  test('cuts its turn and all after it off, and they are not sent', async () => {
    const { session, last } = await answered('one', 'two', 'three');
    void session.ask('zwei', 2);
    await nextTick();
    expect(questions(session)).toEqual(['one', 'zwei']);
    expect(contents(last())).toEqual(['Be brief.', 'one', 'one', 'zwei']);
    expect(session.cut()).toBe(2);
  });

  test('without a change asks for another answer, which is drawn by chance even where the setting is greedy', async () => {
    const { session, last } = await answered('one');
    void session.ask('one', 1);
    await nextTick();
    expect(last().request.sampling.temperature).toBe(0.7);
    last().end(failed('engine-exited'));
    await nextTick();
    // After a failure the same is wanted, not another.
    void session.ask('one', 2);
    await nextTick();
    expect(last().request.sampling.temperature).toBe(0.5);
  });

  test('can be taken back, and that too', async () => {
    const { session, last } = await answered('one', 'two', 'three');
    void session.ask('zwei', 2);
    await nextTick();
    await session.restore();
    expect(last().signal.aborted).toBe(true);
    expect(questions(session)).toEqual(['one', 'two', 'three']);
    expect(session.turns()[2]?.answer).toMatchObject({ kind: 'done', text: 'three' });
    expect(session.cut()).toBe(1);
    await session.restore();
    expect(questions(session)).toEqual(['one', 'zwei']);
  });

  test('and then another question forget what was cut off, and so does a new conversation', async () => {
    const { session } = await answered('one', 'two');
    void session.ask('eins', 1);
    await nextTick();
    expect(session.cut()).toBe(2);
    void session.ask('drei');
    await nextTick();
    expect(session.cut()).toBe(0);
    await session.restore();
    expect(questions(session)).toEqual(['eins', 'drei']);
    void session.ask('vier', 4);
    await nextTick();
    await session.open(newConversation());
    expect(session.cut()).toBe(0);
  });
});

describe('a question that mentions something', () => {
  test('is sent with its text, which is shown by its name, and asked again with the same text', async () => {
    const { session, last } = playedSession();
    const asked = session.ask('What does @file:a.ts do?');
    await nextTick();
    const sent = contents(last()).at(-1);
    expect(sent).toMatch(/^a\.ts:\n\n```ts\ntext \d+ of a\.ts\n```\n\nWhat does a\.ts do\?$/);
    expect(session.turns()[0]?.attached).toMatchObject([{ name: 'a.ts' }]);
    last().end(generated('Nothing.'));
    await asked;
    void session.ask('What does @file:a.ts do?', 1);
    await nextTick();
    expect(contents(last()).at(-1)).toBe(sent);
    last().end(generated('Nothing.'));
    await nextTick();
    void session.ask('What then does @file:a.ts do?', 2);
    await nextTick();
    expect(contents(last()).at(-1)).not.toBe(sent);
  });

  test('is not sent where that is refused, and says why', async () => {
    const { session, calls } = playedSession();
    await session.ask('What does @file:no do?');
    expect(calls).toEqual([]);
    expect(session.turns()[0]?.answer).toMatchObject({
      kind: 'failed',
      failure: { message: 'no is a secret file.' },
    });
  });
});

describe('a step of an answer', () => {
  test('is explained from the prompt and the steps that it was drawn from', async () => {
    const { session, explained } = await answered('one', 'two');
    await session.explain(2, 1, never());
    expect(explained).toMatchObject([{ surface: 'chat', unit: 'token', ids: [1, 2], top: 5, route: 'auto' }]);
    const [{ prompt } = { prompt: undefined }] = explained;
    expect(prompt?.kind === 'messages' && prompt.messages.map(({ content }) => content)).toEqual([
      'Be brief.',
      'one',
      'one',
      'two',
    ]);
  });

  test('that was never drawn is not, nor one of an answer that failed or is gone', async () => {
    const { session, last, explained } = await answered('one');
    const failing = session.ask('two');
    await nextTick();
    last().end(failed('engine-exited'));
    await failing;
    for (const [id, step] of [
      [1, 3],
      [2, 0],
      [9, 0],
    ] as const) {
      expect(await session.explain(id, step, never())).toMatchObject({ kind: 'failed' });
    }
    expect(explained).toEqual([]);
  });
});

describe('a follower', () => {
  test('gets the answer as it stands, then every piece, then the whole', async () => {
    const { session, last } = playedSession();
    void session.ask('one');
    await nextTick();
    last().update(delta('a'));
    const updates: AnswerUpdate[] = [];
    const followed = session.follow(1, { signal: never(), onUpdate: (update) => updates.push(update) });
    last().update(delta('b', 2));
    last().end(generated('ab'));
    expect(await followed).toMatchObject({ kind: 'done', text: 'ab' });
    expect(updates).toMatchObject([
      { kind: 'answer', answer: { text: 'a' } },
      { kind: 'delta', delta: { text: 'b', tokens: 2 } },
    ]);
  });

  test('stops the generation by its signal', async () => {
    const { session, last } = playedSession();
    void session.ask('one');
    await nextTick();
    last().update(delta('a'));
    const controller = new AbortController();
    const followed = session.follow(1, { signal: controller.signal, onUpdate: () => {} });
    controller.abort();
    expect(await followed).toMatchObject({ kind: 'done', stop: 'cancelled', text: 'a' });
  });

  test('that comes too late gets the answer at once, and nothing for a turn that is gone', async () => {
    const { session, last } = playedSession();
    const asked = session.ask('one');
    await nextTick();
    last().end(generated('1'));
    await asked;
    expect(await session.follow(1, { signal: never(), onUpdate: () => {} })).toMatchObject({ text: '1' });
    expect(await session.follow(9, { signal: never(), onUpdate: () => {} })).toBeUndefined();
  });
});

test('another conversation stops what is under way and takes the place of every turn', async () => {
  const { session, last, changes } = playedSession();
  void session.ask('one');
  await nextTick();
  const before = changes();
  await session.open(newConversation());
  expect(last().signal.aborted).toBe(true);
  expect(session.turns()).toEqual([]);
  expect(changes()).toBeGreaterThan(before);
});
