/**
 * Keeps the chat's conversation on disk while it changes, and brings earlier ones back. Without the editor.
 * Two windows on one workspace never write over each other: the second to write keeps its own copy.
 */

import { randomUUID } from 'node:crypto';
import { t } from '@vscode/l10n';
import { ChorusError, toFailure } from '../protocol/failure.ts';
import { type ChatRecord, LONGEST_TITLE, titleOf } from './chat-record.ts';
import { type ChatSession, type Conversation, newConversation } from './chat-session.ts';
import type { ChatStore } from './chat-store.ts';

export interface ChatHistoryOptions {
  readonly session: ChatSession;
  readonly store: ChatStore;
  /** Which conversation is open, over the life of the window. */
  readonly open: { get(): string | undefined; set(id: string | undefined): void };
  /** Whether conversations are kept at all. */
  readonly isWanted: () => boolean;
  readonly log: (line: string) => void;
  /** From a change to its writing, in milliseconds. */
  readonly delay?: number;
}

export interface ChatHistory {
  /** Once the conversation of before is shown again; looks only the first time. */
  restored(): Promise<void>;
  /** To be told after each change of the session. */
  changed(): void;
  /** All conversations, the newest first, with the open one as it stands. */
  all(): Promise<readonly ChatRecord[]>;
  /** Rejects where it is gone. */
  show(id: string): Promise<void>;
  /** Begins a new conversation; the one before stays in the history. */
  begin(): Promise<void>;
  rename(id: string, title: string): Promise<void>;
  /** Gives what `putBack` takes. */
  remove(id: string): Promise<ChatRecord | undefined>;
  putBack(record: ChatRecord): Promise<void>;
  removeAll(): Promise<void>;
  /** The open conversation as it would be kept. */
  current(): ChatRecord;
  /** Writes at once what was not written yet. */
  dispose(): void;
}

export function createChatHistory({
  session,
  store,
  open,
  isWanted,
  log,
  delay = 1000,
}: ChatHistoryOptions): ChatHistory {
  /** Those that are not made of the first question, or were once. */
  const titles = new Map<string, string>();
  /** What another window had written to first is kept under an id of its own from then on. */
  const movedTo = new Map<string, string>();
  const stamps = new Map<string, number>();
  let seen: Conversation = session.conversation();
  let pending: ChatRecord | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let restoring: Promise<void> | undefined;
  /** The file that was written as the window closed. */
  let closed: string | undefined;

  const fileOf = (id: string): string => {
    const next = movedTo.get(id);
    return next === undefined ? id : fileOf(next);
  };
  const openId = (): string => fileOf(session.conversation().id);

  const recordOf = ({ id, turns, cut }: Conversation): ChatRecord => {
    const file = fileOf(id);
    return { id: file, title: titles.get(file) ?? titleOf(turns), changed: Date.now(), turns, cut };
  };

  const write = async (given: ChatRecord): Promise<void> => {
    const before = fileOf(given.id);
    const found = await store.stamp(before);
    // What waited is older, and would be taken for another window's.
    if (before === closed) return;
    const isForeign = found !== undefined && stamps.get(before) !== found;
    const id = isForeign ? randomUUID() : before;
    if (isForeign) {
      movedTo.set(before, id);
      titles.set(id, given.title);
      if (open.get() === before) open.set(id);
    }
    await store.write({ ...given, id });
    const stamp = await store.stamp(id);
    if (stamp !== undefined) stamps.set(id, stamp);
  };

  /** One after the other. */
  const enqueue = (record: ChatRecord): Promise<void> => {
    const written = writing.then(() => write(record));
    writing = written.catch((thrown) =>
      log(`Chat history: nothing was written. ${toFailure(thrown).message}`),
    );
    return written;
  };

  /** What fails is said, and the conversation goes on. */
  const flush = (): Promise<void> => {
    const record = pending;
    pending = undefined;
    if (record !== undefined) void enqueue(record).catch(() => {});
    return writing;
  };

  const keep = (): void => {
    timer = undefined;
    const now = session.conversation();
    if (now.turns !== seen.turns) note(now);
    void flush();
    // What streams is kept as it grows, so that closing the window costs at most its last second.
    if (isStreaming(now)) timer = setTimeout(keep, delay);
  };

  const note = (now: Conversation): void => {
    seen = now;
    // An emptied conversation has nothing to keep.
    if (now.turns.length > 0 && isWanted()) pending = recordOf(now);
  };

  const swap = async (next: Conversation): Promise<void> => {
    await session.open(next);
    // Opened as it lies there, whatever else was kept of it under another name.
    movedTo.delete(next.id);
    // What was only opened has not changed.
    seen = session.conversation();
    pending = undefined;
    open.set(next.turns.length > 0 ? openId() : undefined);
    await writing;
  };

  /** With what was not written yet. */
  const load = async (id: string): Promise<ChatRecord | undefined> => {
    await flush();
    const stamp = await store.stamp(id);
    const record = await store.read(id);
    if (record === undefined) return undefined;
    if (stamp !== undefined) stamps.set(id, stamp);
    titles.set(id, record.title);
    return record;
  };

  const found = async (id: string): Promise<ChatRecord> => {
    const record = await load(id);
    if (record === undefined) throw new ChorusError('file-missing', t('This conversation is gone.'));
    return record;
  };

  return {
    restored() {
      restoring ??= (async () => {
        const id = open.get();
        if (id === undefined || !isWanted() || session.turns().length > 0) return;
        const record = await load(id);
        // A question may have come first.
        if (record !== undefined && session.turns().length === 0) await swap(record);
      })().catch((thrown) => log(`Chat history: ${toFailure(thrown).message}`));
      return restoring;
    },
    changed() {
      const now = session.conversation();
      if (now.turns === seen.turns && now.cut === seen.cut) return;
      if (now.id !== seen.id) void flush();
      note(now);
      if (pending !== undefined && open.get() !== pending.id) open.set(pending.id);
      timer ??= setTimeout(keep, delay);
    },
    async all() {
      await flush();
      return store.all();
    },
    async show(id) {
      if (id !== openId()) await swap(await found(id));
    },
    begin: () => swap(newConversation()),
    async rename(id, title) {
      const record = await found(id);
      const named = title.trim().slice(0, LONGEST_TITLE) || titleOf(record.turns);
      titles.set(id, named);
      await enqueue({ ...record, title: named });
    },
    async remove(id) {
      const record = await load(id);
      if (id === openId()) await swap(newConversation());
      await store.remove(id);
      stamps.delete(id);
      return record;
    },
    putBack: (record) => enqueue(record),
    async removeAll() {
      await swap(newConversation());
      await store.removeAll();
      stamps.clear();
    },
    current: () => recordOf(session.conversation()),
    dispose() {
      clearTimeout(timer);
      const now = session.conversation();
      if (now.turns !== seen.turns) note(now);
      if (pending === undefined) return;
      try {
        const id = fileOf(pending.id);
        store.writeAtOnce({ ...pending, id });
        closed = id;
      } catch (thrown) {
        log(`Chat history: nothing was written. ${toFailure(thrown).message}`);
      }
    },
  };
}

function isStreaming({ turns }: Conversation): boolean {
  return turns.at(-1)?.answer.kind === 'streaming';
}
