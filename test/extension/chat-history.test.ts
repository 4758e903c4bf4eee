import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChatHistory, createChatHistory } from '../../src/extension/chat-history.ts';
import { type ChatSession, createChatSession } from '../../src/extension/chat-session.ts';
import { createChatStore } from '../../src/extension/chat-store.ts';
import { player } from '../editor/chat-player.ts';

let folder: string;
let lines: string[];
/** Of a workspace, over its windows. */
let memory: { open?: string | undefined };
const windows: ChatHistory[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-history-'));
  lines = [];
  memory = {};
});
afterEach(() => {
  for (const window of windows.splice(0)) window.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Window {
  readonly session: ChatSession;
  readonly history: ChatHistory;
}

function openWindow({ linger = false, wanted = true, own = memory } = {}): Window {
  const { generate } = player((question) => [`About ${question}`], { linger });
  const session: ChatSession = createChatSession(
    {
      generate,
      attach: async () => ({ kind: 'attached', texts: [] }),
      explain: async () => ({ kind: 'failed', failure: { code: 'no-expert', message: 'None.' } }),
      chatSettings: () => ({ maxTokens: 64, temperature: 0, systemPrompt: '', route: 'never' }),
      seed: () => 1,
    },
    () => history.changed(),
  );
  const history = createChatHistory({
    session,
    store: createChatStore({ folder, log: (line) => lines.push(line) }),
    open: {
      get: () => own.open,
      set: (id) => {
        own.open = id;
      },
    },
    isWanted: () => wanted,
    log: (line) => lines.push(line),
    delay: 5,
  });
  windows.push(history);
  return { session, history };
}

const questions = ({ session }: Window): string[] => session.turns().map(({ question }) => question);
const titles = async ({ history }: Window): Promise<string[]> =>
  (await history.all()).map(({ title }) => title).sort();
const files = (): string[] => readdirSync(folder);

describe('a window that is opened again', () => {
  test('shows the conversation as it was, with what was put aside, and goes on from it', async () => {
    const before = openWindow();
    await before.session.ask('one');
    await before.session.ask('two');
    await before.session.ask('zwei', before.session.turns()[1]?.id);
    before.history.dispose();

    const after = openWindow();
    await after.history.restored();
    expect(questions(after)).toEqual(['one', 'zwei']);
    expect(after.session.turns()[0]?.answer).toMatchObject({ kind: 'done', text: 'About one' });
    expect(after.session.cut()).toBe(1);
    await after.session.ask('three');
    expect(await titles(after)).toEqual(['one']);
    expect((await after.history.all())[0]?.turns).toHaveLength(3);
    expect(lines).toEqual([]);
  });

  test('shows an answer that was being written as cut off, even where the window had no time to close', async () => {
    const before = openWindow({ linger: true });
    void before.session.ask('one');
    await new Promise((resolve) => setTimeout(resolve, 40));
    // As if killed: nothing is disposed.
    const after = openWindow();
    await after.history.restored();
    expect(after.session.turns()[0]?.answer).toMatchObject({
      kind: 'done',
      stop: 'closed',
      text: 'About one',
    });
  });

  test('begins anew after a new conversation, while the one before is in the history', async () => {
    const before = openWindow();
    await before.session.ask('one');
    await before.history.begin();
    before.history.dispose();
    const after = openWindow();
    await after.history.restored();
    expect(questions(after)).toEqual([]);
    expect(await titles(after)).toEqual(['one']);
  });
});

describe('the list', () => {
  test('opens another conversation, and the one that was open stays', async () => {
    const window = openWindow();
    await window.session.ask('one');
    await window.history.begin();
    await window.session.ask('two');
    const one = (await window.history.all()).find(({ title }) => title === 'one');
    await window.history.show(one?.id ?? '');
    expect(questions(window)).toEqual(['one']);
    await window.session.ask('three');
    expect((await window.history.all()).map(({ turns }) => turns.length)).toEqual([2, 1]);
  });

  test('does not change when a conversation was opened', async () => {
    const window = openWindow();
    await window.session.ask('one');
    await window.history.begin();
    const before = await window.history.all();
    await window.history.show(before[0]?.id ?? '');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await window.history.all()).toEqual(before);
  });

  test('keeps a name that was given, though the conversation goes on', async () => {
    const window = openWindow();
    await window.session.ask('one');
    const [record] = await window.history.all();
    await window.history.rename(record?.id ?? '', ' Numbers ');
    await window.session.ask('two');
    expect(await titles(window)).toEqual(['Numbers']);
    expect(window.history.current().title).toBe('Numbers');
    await window.history.rename(record?.id ?? '', '');
    expect(await titles(window)).toEqual(['one']);
  });

  test('gives back what was deleted, and a deleted conversation is not written again by what it still streams', async () => {
    const window = openWindow({ linger: true });
    void window.session.ask('one');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [record] = await window.history.all();
    const removed = await window.history.remove(record?.id ?? '');
    expect(questions(window)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await titles(window)).toEqual([]);
    if (removed === undefined) throw new Error('Nothing was removed.');
    await window.history.putBack(removed);
    expect(await titles(window)).toEqual(['one']);
  });

  test('is empty after all were deleted', async () => {
    const window = openWindow();
    await window.session.ask('one');
    await window.history.begin();
    await window.session.ask('two');
    await window.history.removeAll();
    expect(questions(window)).toEqual([]);
    window.history.dispose();
    expect(await titles(openWindow())).toEqual([]);
  });
});

test('nothing is written where no history is wanted, and what was kept before stays', async () => {
  const window = openWindow({ wanted: false });
  await window.session.ask('one');
  await window.history.all();
  window.history.dispose();
  expect(files()).toEqual([]);

  const wanting = openWindow();
  await wanting.session.ask('two');
  wanting.history.dispose();
  const after = openWindow({ wanted: false });
  await after.history.restored();
  expect(questions(after)).toEqual([]);
  expect(files()).toHaveLength(1);
});

test('a window that closes while it writes leaves one file, with the newest', async () => {
  const window = openWindow({ linger: true });
  void window.session.ask('one');
  const written = window.history.all();
  void window.history.rename(window.history.current().id, 'Named').catch(() => {});
  window.session.stop();
  await new Promise((resolve) => setImmediate(resolve));
  void window.session.ask('two');
  await new Promise((resolve) => setImmediate(resolve));
  const { turns } = window.history.current();
  window.history.dispose();
  await written;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(files()).toHaveLength(1);
  expect((await openWindow({ own: {} }).history.all())[0]?.turns).toHaveLength(turns.length);
});

test('two windows that go on with one conversation keep a copy each', async () => {
  const first = openWindow();
  await first.session.ask('one');
  await first.history.all();
  const second = openWindow({ own: { ...memory } });
  await second.history.restored();
  await second.session.ask('by the second');
  await second.history.all();
  await first.session.ask('by the first');
  await first.session.ask('once more');
  const all = await first.history.all();
  expect(all.map(({ turns }) => turns.map(({ question }) => question)).sort()).toEqual([
    ['one', 'by the first', 'once more'],
    ['one', 'by the second'],
  ]);
});

test('a disk that takes nothing is said in the log, and the conversation goes on', async () => {
  const window = openWindow();
  rmSync(folder, { recursive: true });
  const { writeFileSync } = await import('node:fs');
  writeFileSync(folder, 'a file where the folder should be');
  await window.session.ask('one');
  await window.history.all();
  await window.session.ask('two');
  expect(questions(window)).toEqual(['one', 'two']);
  expect(lines[0]).toContain('nothing was written');
});
