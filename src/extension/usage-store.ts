/**
 * The counts of this machine: what this window counted is added to what is kept, which other windows add to as well. Numbers and names
 * of languages and experts are kept, never text.
 */

import type { Counts, UsageKey, UsageRow } from '../protocol/statistics.ts';
import { createListeners, type Subscription } from './listeners.ts';
import { addedRows, dayOf } from './usage-rows.ts';

export interface UsageFile {
  /** Empty where nothing is kept; rejects where what is kept cannot be read now, and then nothing is written over it. */
  read(): Promise<readonly UsageRow[]>;
  /** Puts `change` of what is kept in its place. */
  change(change: (kept: readonly UsageRow[]) => readonly UsageRow[]): Promise<void>;
  /** The same at once, for the end of a window. */
  changeNow(change: (kept: readonly UsageRow[]) => readonly UsageRow[]): void;
}

export interface UsageStore {
  count(key: Omit<UsageKey, 'day'>, counts: Counts): void;
  /** What is kept and what was counted since. */
  rows(): Promise<readonly UsageRow[]>;
  clear(): Promise<void>;
  onChange(listener: () => void): Subscription;
  /** Keeps what was counted since. */
  dispose(): void;
}

export interface UsageStoreOptions {
  readonly file: UsageFile;
  readonly now: () => number;
  /** Calls back once, after this many ms; the result forgets it. */
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly log: (text: string) => void;
}

/** What is counted reaches the disk at most this much later, in ms. */
const KEEP_MS = 30_000;

export function createUsageStore({ file, now, after, log }: UsageStoreOptions): UsageStore {
  const changed = createListeners<undefined>();
  let unkept: readonly UsageRow[] = [];
  let forget: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isClosed = false;

  const write = async (): Promise<void> => {
    if (isClosed || unkept.length === 0) return;
    let rows: readonly UsageRow[] = [];
    try {
      await file.change((kept) => {
        // Written at closing, to a file that is newer than `kept`.
        if (isClosed) throw new Error('The window was closed meanwhile.');
        rows = unkept;
        unkept = [];
        return addedRows(kept, rows);
      });
    } catch (thrown) {
      // Kept with what is counted next.
      unkept = addedRows(rows, unkept);
      if (!isClosed) log(`The statistics could not be kept: ${String(thrown)}`);
    }
  };
  const keep = (): void => {
    forget = undefined;
    writing = writing.then(write);
  };

  return {
    count(key, counts) {
      unkept = addedRows(unkept, [{ ...key, day: dayOf(now()), counts }]);
      forget ??= after(KEEP_MS, keep);
      changed.tell(undefined);
    },
    async rows() {
      await writing;
      try {
        return addedRows(await file.read(), unkept);
      } catch (thrown) {
        log(`The statistics could not be read: ${String(thrown)}`);
        throw thrown;
      }
    },
    async clear() {
      const cleared = writing.then(() => {
        unkept = [];
        return file.change(() => []);
      });
      // What is kept next waits for it, however it ends.
      writing = cleared.catch(() => {});
      await cleared;
      changed.tell(undefined);
    },
    onChange: changed.add,
    dispose() {
      forget?.();
      isClosed = true;
      const rows = unkept;
      unkept = [];
      if (rows.length === 0) return;
      try {
        file.changeNow((kept) => addedRows(kept, rows));
      } catch (thrown) {
        log(`The statistics could not be kept: ${String(thrown)}`);
      }
    },
  };
}
