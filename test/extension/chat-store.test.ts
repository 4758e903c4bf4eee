import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChatRecord, readRecord, recordText, titleOf } from '../../src/extension/chat-record.ts';
import { searchChats } from '../../src/extension/chat-search.ts';
import { createChatStore } from '../../src/extension/chat-store.ts';
import type { Answer, Turn } from '../../src/protocol/chat.ts';

const answer = (text: string, more: Partial<Answer> = {}): Answer =>
  ({
    kind: 'done',
    stop: 'end',
    text,
    tokens: 2,
    unit: 'token',
    shares: { 'pocket/math': 1 },
    weights: { 'pocket/math': 0.5 },
    pieces: [{ length: text.length, steps: 2, shares: { 'pocket/math': 1 }, agreement: 0.5 }],
    ...more,
  }) as Answer;
const turn = (question: string, text: string): Turn => ({ id: 0, question, answer: answer(text) });
const record = (turns: readonly Turn[], more: Partial<ChatRecord> = {}): ChatRecord => ({
  id: randomUUID(),
  title: titleOf(turns),
  changed: 1,
  turns,
  cut: { from: turns.length, turns: [] },
  ...more,
});

describe('a record', () => {
  test('is read as it was written', () => {
    const kept = record([turn('one', 'eins'), turn('two', 'zwei')], {
      cut: { from: 1, turns: [turn('three', 'drei')] },
    });
    expect(readRecord(recordText(kept).text)).toEqual({ kind: 'record', record: kept });
  });

  test('says of an answer that was being written that it was cut off, and keeps the words of a failure', () => {
    const streaming = { id: 0, question: 'one', answer: answer('ei', { kind: 'streaming' }) };
    const failure = { code: 'engine-exited', message: 'The engine ended.' } as const;
    const failed = { id: 0, question: 'two', answer: answer('', { kind: 'failed', failure }) };
    const read = readRecord(recordText(record([streaming, failed])).text);
    expect(read.kind === 'record' && read.record.turns.map((one) => one.answer)).toMatchObject([
      { kind: 'done', stop: 'closed', text: 'ei' },
      { kind: 'failed', failure: { message: 'The engine ended.' } },
    ]);
  });

  test('of anything else is refused, and one of a later version is not called damaged', () => {
    const good = JSON.parse(recordText(record([turn('one', 'eins')])).text);
    expect(readRecord(JSON.stringify(good)).kind).toBe('record');
    for (const bad of [
      '{"version": 1',
      'null',
      JSON.stringify({ ...good, id: '../../etc' }),
      JSON.stringify({ ...good, turns: [{ question: 'one' }] }),
      JSON.stringify({ ...good, turns: [{ question: 1, answer: good.turns[0].answer }] }),
    ]) {
      expect(readRecord(bad).kind).toBe('damaged');
    }
    expect(readRecord(JSON.stringify({ ...good, version: 2 })).kind).toBe('newer');
  });

  test('too large loses what was put aside first, then who said what, then its oldest turns', () => {
    const turns = [turn('one', 'eins'), turn('two', 'zwei'), turn('three', 'drei')];
    const whole = record(turns, { cut: { from: 3, turns: [turn('aside', 'x'.repeat(500))] } });
    const sizeOf = (one: ChatRecord): number => Buffer.byteLength(recordText(one).text);
    const readAt = (largest: number) => {
      const { text, dropped } = recordText(whole, largest);
      const read = readRecord(text);
      if (read.kind !== 'record') throw new Error(read.kind);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(largest);
      return { dropped, ...read.record };
    };
    expect(readAt(sizeOf(whole)).cut.turns).toHaveLength(1);
    const uncut = sizeOf({ ...whole, cut: { from: 3, turns: [] } });
    expect(readAt(uncut).turns).toEqual(turns);
    expect(readAt(uncut - 1).turns.map((one) => one.answer.pieces)).toEqual([[], [], []]);
    const two = readAt(sizeOf(record(turns.slice(1))));
    expect(two.dropped).toBeGreaterThan(0);
    expect(two.turns.at(-1)?.question).toBe('three');
  });

  test('is called by the first line of its first question that says something', () => {
    expect(titleOf([turn('\n```\n  What   is this?\nx', '')])).toBe('What is this?');
    expect(titleOf([turn('a'.repeat(200), '')])).toHaveLength(80);
    expect(titleOf([])).toBe('');
  });
});

test('a search finds every word, in titles and texts, and shows where', () => {
  const records = [
    record([turn('Solve for x', 'Then x is 5.')]),
    record([turn('Sort a list', 'Use sorted().')]),
  ];
  const titles = (query: string): string[] => searchChats(records, query).map((one) => one.record.title);
  expect(titles('')).toEqual(['Solve for x', 'Sort a list']);
  expect(titles('SORTED list')).toEqual(['Sort a list']);
  expect(titles('list x')).toEqual([]);
  expect(searchChats(records, 'then')[0]?.excerpt).toBe('Solve for x Then x is 5.');
  expect(searchChats(records, 'solve')[0]?.excerpt).toBeUndefined();
});

describe('the store', () => {
  let folder: string;
  let lines: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chorus-chats-'));
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const storeIn = (name: string, most?: number) =>
    createChatStore({
      folder: join(folder, name),
      log: (line) => lines.push(line),
      ...(most !== undefined && { most }),
    });

  test('gives what was written, the newest first, and nothing before anything was', async () => {
    const store = storeIn('chats');
    expect(await store.all()).toEqual([]);
    const [one, two] = [record([turn('one', 'eins')]), record([turn('two', 'zwei')], { changed: 2 })];
    await store.write(one);
    store.writeAtOnce(two);
    expect(await store.all()).toEqual([two, one]);
    expect(await store.read(one.id)).toEqual(one);
    await store.remove(one.id);
    expect(await store.read(one.id)).toBeUndefined();
    expect(readdirSync(join(folder, 'chats'))).toEqual([`${two.id}.json`]);
    await store.removeAll();
    expect(readdirSync(folder)).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('writes nothing older over what was written at once', async () => {
    for (let ticks = 0; ticks < 8; ticks++) {
      const store = storeIn(`chats ${ticks}`);
      const older = record([turn('one', 'eins '.repeat(1000))]);
      const newer = { ...older, turns: [...older.turns, turn('two', 'zwei')] };
      const writing = store.write(older);
      for (let i = 0; i < ticks; i++) await new Promise((resolve) => setImmediate(resolve));
      store.writeAtOnce(newer);
      await writing;
      expect((await store.read(older.id))?.turns).toHaveLength(2);
      expect(readdirSync(join(folder, `chats ${ticks}`))).toEqual([`${older.id}.json`]);
    }
  });

  test('keeps what is damaged aside with a line in the log, and reads the others', async () => {
    const store = storeIn('chats');
    const good = record([turn('one', 'eins')]);
    await store.write(good);
    const bad = randomUUID();
    writeFileSync(join(folder, 'chats', `${bad}.json`), '{"version": 1, "tur');
    expect(await store.all()).toEqual([good]);
    expect(readdirSync(join(folder, 'chats')).sort()).toEqual(
      [`${bad}.json.damaged`, `${good.id}.json`].sort(),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('not JSON');
    await store.all();
    expect(lines).toHaveLength(1);
  });

  test('leaves the file of a newer Chorus alone', async () => {
    const store = storeIn('chats');
    mkdirSync(join(folder, 'chats'));
    const name = `${randomUUID()}.json`;
    writeFileSync(join(folder, 'chats', name), '{"version": 2}');
    expect(await store.all()).toEqual([]);
    expect(readdirSync(join(folder, 'chats'))).toEqual([name]);
  });

  test('lets the oldest go where there are too many', async () => {
    const store = storeIn('chats', 2);
    const records = ['one', 'two', 'three'].map((question) => record([turn(question, question)]));
    for (const [index, one] of records.entries()) {
      await store.write(one);
      utimesSync(join(folder, 'chats', `${one.id}.json`), index + 1, index + 1);
    }
    await store.write(record([turn('four', 'vier')]));
    expect((await store.all()).map(({ title }) => title).sort()).toEqual(['four', 'three']);
  });
});
