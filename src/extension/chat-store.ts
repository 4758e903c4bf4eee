/** The conversations of a workspace on disk: one JSON file each, there whole or not at all. What cannot be read is kept aside. */

import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChatRecord, LARGEST, readRecord, recordText } from './chat-record.ts';

export interface ChatStore {
  /** All that can be read, the newest first. */
  all(): Promise<readonly ChatRecord[]>;
  /** Undefined where there is none, or none that can be read. */
  read(id: string): Promise<ChatRecord | undefined>;
  write(record: ChatRecord): Promise<void>;
  /** The same without waiting, for a window that closes: a `write` of the same conversation under way comes to nothing. */
  writeAtOnce(record: ChatRecord): void;
  /** When the file was last written, in milliseconds since 1970; undefined where there is none. */
  stamp(id: string): Promise<number | undefined>;
  remove(id: string): Promise<void>;
  /** With what was kept aside. */
  removeAll(): Promise<void>;
}

export interface ChatStoreOptions {
  /** Made when something is first written. */
  readonly folder: string;
  readonly log: (line: string) => void;
  /** Conversations that are kept; the oldest go first. */
  readonly most?: number;
}

const ending = '.json';

export function createChatStore({ folder, log, most = 200 }: ChatStoreOptions): ChatStore {
  /** Those whose last words are written. */
  const closed = new Set<string>();
  const place = (id: string): string => join(folder, `${id}${ending}`);
  const draft = (id: string): string => join(folder, `${id}.${randomUUID()}.draft`);
  const textOf = (record: ChatRecord): string => {
    const { text, dropped } = recordText(record);
    if (dropped > 0) log(`Chat history: ${record.id} is too long; its oldest ${dropped} turns are not kept.`);
    return text;
  };

  const names = async (): Promise<string[]> =>
    (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ending));

  const stamp = async (id: string): Promise<number | undefined> =>
    stat(place(id)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );

  const read = async (id: string): Promise<ChatRecord | undefined> => {
    const file = place(id);
    const size = await stat(file).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) return undefined;
    const found =
      size > LARGEST
        ? ({ kind: 'damaged', why: `it has ${size} bytes` } as const)
        : readRecord(await readFile(file, 'utf8'));
    if (found.kind === 'record' && found.record.id === id) return found.record;
    if (found.kind === 'newer') {
      log(`Chat history: ${file} was written by a newer Chorus and is left alone.`);
      return undefined;
    }
    const why = found.kind === 'damaged' ? found.why : 'it has the name of another conversation';
    await rename(file, `${file}.damaged`).catch(() => {});
    log(`Chat history: ${file} cannot be read (${why}). It is kept as ${file}.damaged.`);
    return undefined;
  };

  /** The oldest go when there are too many. */
  const prune = async (): Promise<void> => {
    const found = await names();
    if (found.length <= most) return;
    const ids = found.map((name) => name.slice(0, -ending.length));
    const dated = await Promise.all(ids.map(async (id) => ({ id, at: (await stamp(id)) ?? 0 })));
    const oldest = dated.toSorted((one, other) => one.at - other.at).slice(0, found.length - most);
    for (const { id } of oldest) await rm(place(id), { force: true });
  };

  return {
    stamp,
    read,
    async all() {
      const records: ChatRecord[] = [];
      for (const name of await names()) {
        const record = await read(name.slice(0, -ending.length));
        if (record !== undefined) records.push(record);
      }
      return records.toSorted((one, other) => other.changed - one.changed);
    },
    async write(record) {
      const file = draft(record.id);
      await mkdir(folder, { recursive: true });
      try {
        await writeFile(file, textOf(record), { mode: 0o600 });
        if (closed.has(record.id)) await rm(file, { force: true });
        // In one go with the look, so that nothing newer is written in between.
        else renameSync(file, place(record.id));
      } catch (thrown) {
        await rm(file, { force: true });
        throw thrown;
      }
      await prune();
    },
    writeAtOnce(record) {
      const file = draft(record.id);
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, textOf(record), { mode: 0o600 });
      renameSync(file, place(record.id));
      closed.add(record.id);
    },
    remove: (id) => rm(place(id), { force: true }),
    removeAll: () => rm(folder, { recursive: true, force: true }),
  };
}
