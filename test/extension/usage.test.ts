import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usageFile } from '../../src/extension/usage-file.ts';
import { addedRows, dayOf, MOST_A_DAY, MOST_DAYS, usageCsv } from '../../src/extension/usage-rows.ts';
import { createUsageStore, type UsageStore } from '../../src/extension/usage-store.ts';
import type { UsageRow } from '../../src/protocol/statistics.ts';
import { clock } from './clock.ts';

const row = (day: string, more: Partial<UsageRow> = {}): UsageRow => ({
  day,
  surface: 'completion',
  language: 'typescript',
  experts: 'pocket/code',
  counts: { shown: 1 },
  ...more,
});

/** `2026-01-01` and the days after it. */
const dayNumber = (index: number): string =>
  new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);

describe('rows of counts', () => {
  it('are added where day, surface, language and experts are the same, and stand apart elsewhere', () => {
    const rows = addedRows(
      [row('2026-11-27', { counts: { shown: 2, taken: 1 } })],
      [
        row('2026-11-27', { counts: { shown: 3, word: 1 } }),
        row('2026-11-27', { language: 'python' }),
        row('2026-11-27', { experts: 'pocket/math' }),
        row('2026-11-27', { surface: 'chat' }),
        row('2026-11-26'),
      ],
    );
    expect(rows).toHaveLength(5);
    expect(rows[0]?.day).toBe('2026-11-26');
    expect(rows[1]?.counts).toEqual({ shown: 5, taken: 1, word: 1 });
  });

  it('of the newest days alone are kept', () => {
    const all = Array.from({ length: MOST_DAYS + 3 }, (_, index) => row(dayNumber(index)));
    expect(addedRows(all.slice(0, MOST_DAYS), [])).toHaveLength(MOST_DAYS);
    const kept = addedRows(all.slice(0, MOST_DAYS), all.slice(MOST_DAYS));
    expect(kept).toHaveLength(MOST_DAYS);
    expect(kept[0]?.day).toBe(dayNumber(3));
  });

  it('survive a clock that was wrong once', () => {
    const kept = addedRows([row('2026-11-26'), row('2026-11-27')], [row('2099-01-01')]);
    expect(kept.map(({ day }) => day)).toEqual(['2026-11-26', '2026-11-27', '2099-01-01']);
  });

  it('of one day are bounded without a count being lost', () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      row('2026-11-27', { language: `language-${index}`, surface: index % 2 === 0 ? 'completion' : 'chat' }),
    );
    const kept = addedRows([], many);
    expect(kept).toHaveLength(MOST_A_DAY);
    expect(kept.reduce((sum, { counts }) => sum + (counts.shown ?? 0), 0)).toBe(200);
    expect(addedRows(kept, many)).toHaveLength(MOST_A_DAY);
  });

  it('become lines of a spreadsheet, in which nothing breaks a cell', () => {
    const [head, line] = usageCsv([row('2026-11-27', { experts: 'a, "b"' })]).split('\r\n');
    expect(head).toMatch(/^day,surface,language,experts,shown,known,taken,/);
    expect(line).toMatch(/^2026-11-27,completion,typescript,"a, ""b""",1,0,0,/);
  });
});

it('a day is that of the clock on the wall', () => {
  expect(dayOf(new Date(2026, 0, 2, 0, 0, 1).getTime())).toBe('2026-01-02');
  expect(dayOf(new Date(2026, 0, 2, 23, 59, 59).getTime())).toBe('2026-01-02');
});

describe('the counts of a machine', () => {
  let folder: string;
  const opened: UsageStore[] = [];
  const noon = new Date(2026, 10, 27, 12).getTime();
  const key = { surface: 'completion', language: 'typescript', experts: 'pocket/code' } as const;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chorus-usage-'));
  });
  afterEach(() => {
    for (const store of opened.splice(0)) store.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  function window(time = clock(noon)) {
    const log: string[] = [];
    const store = createUsageStore({
      file: usageFile(folder, (text) => log.push(text)),
      now: time.now,
      after: time.after,
      log: (text) => log.push(text),
    });
    opened.push(store);
    return { store, time, log };
  }
  const shownIn = async (store: UsageStore): Promise<number> =>
    (await store.rows()).reduce((sum, { counts }) => sum + (counts.shown ?? 0), 0);

  it('are there at once, reach the disk after a while, and survive the end of the window', async () => {
    const { store, time } = window();
    store.count(key, { shown: 1 });
    expect(await shownIn(store)).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    time.pass(30_000);
    expect(await shownIn(store)).toBe(1);
    expect(readdirSync(folder)).toEqual(['statistics.json']);
    store.count(key, { shown: 1 });
    store.dispose();
    expect(await shownIn(window().store)).toBe(2);
  });

  it('are kept once where the window ends after what was kept is read and before it is written', async () => {
    let kept: readonly UsageRow[] = [];
    let goOn = (): void => {};
    const time = clock(noon);
    const log: string[] = [];
    const store = createUsageStore({
      file: {
        read: async () => kept,
        async change(change) {
          const read = kept;
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
          kept = change(read);
        },
        changeNow(change) {
          kept = change(kept);
        },
      },
      now: time.now,
      after: time.after,
      log: (text) => log.push(text),
    });
    store.count(key, { shown: 1 });
    time.pass(30_000);
    await Promise.resolve();
    store.count(key, { shown: 10 });
    store.dispose();
    goOn();
    expect(await shownIn(store)).toBe(11);
    expect(log).toEqual([]);
  });

  it('of two windows are added', async () => {
    const [one, other] = [window(), window()];
    one.store.count(key, { shown: 1 });
    other.store.count(key, { shown: 10 });
    one.time.pass(30_000);
    await one.store.rows();
    other.time.pass(30_000);
    await other.store.rows();
    one.store.count(key, { shown: 100 });
    one.store.dispose();
    expect(await shownIn(other.store)).toBe(111);
  });

  it('go when they are reset', async () => {
    const { store, time } = window();
    store.count(key, { shown: 1 });
    time.pass(30_000);
    store.count(key, { shown: 1 });
    await store.clear();
    expect(await store.rows()).toEqual([]);
    store.dispose();
    expect(await window().store.rows()).toEqual([]);
  });

  it('are put under the day on which they were counted', async () => {
    const { store, time } = window();
    store.count(key, { shown: 1 });
    time.pass(24 * 3_600_000);
    store.count(key, { shown: 1 });
    expect((await store.rows()).map(({ day }) => day)).toEqual(['2026-11-27', '2026-11-28']);
  });

  it.each([
    '{',
    '[]',
    '{"version": 0, "rows": []}',
    '{"version": 1, "rows": [{"day": "2026-11-27", "surface": "completion", "language": "", "experts": "", "counts": {"shown": -1}}]}',
    '{"version": 1, "rows": [{"day": "x", "surface": "completion", "language": "", "experts": "", "counts": {}}]}',
  ])('begin anew, and say so, where the file holds %s', async (text) => {
    writeFileSync(join(folder, 'statistics.json'), text);
    const { store, log } = window();
    expect(await store.rows()).toEqual([]);
    expect(log.join()).toMatch(/statistics\.json cannot be read, so they begin anew/);
    store.count(key, { shown: 1 });
    store.dispose();
    expect(await shownIn(window().store)).toBe(1);
    expect(readdirSync(folder)).toEqual(['statistics.json', 'statistics.json.damaged']);
    expect(readFileSync(join(folder, 'statistics.json.damaged'), 'utf8')).toBe(text);
  });

  it('put a damaged file aside also while the window goes on', async () => {
    writeFileSync(join(folder, 'statistics.json'), '{');
    const { store, time } = window();
    store.count(key, { shown: 1 });
    time.pass(30_000);
    expect(await shownIn(store)).toBe(1);
    expect(readFileSync(join(folder, 'statistics.json.damaged'), 'utf8')).toBe('{');
  });

  it('leave alone what a newer version wrote', async () => {
    const newer = '{"version": 2, "counts": []}';
    writeFileSync(join(folder, 'statistics.json'), newer);
    const { store, time, log } = window();
    store.count(key, { shown: 1 });
    time.pass(30_000);
    await expect(store.rows()).rejects.toThrow(/newer version/);
    expect(log.join()).toMatch(/could not be kept: .*newer version/);
    await expect(store.clear()).rejects.toThrow(/newer version/);
    store.count(key, { shown: 1 });
    store.dispose();
    expect(readdirSync(folder)).toEqual(['statistics.json']);
    expect(readFileSync(join(folder, 'statistics.json'), 'utf8')).toBe(newer);
  });

  it('are not written over where they cannot be read for the moment', async () => {
    const { store, time, log } = window();
    // A folder in the file's place cannot be read, whoever asks.
    mkdirSync(join(folder, 'statistics.json'));
    store.count(key, { shown: 1 });
    time.pass(30_000);
    await expect(store.rows()).rejects.toThrow(/EISDIR/);
    expect(log.join()).toMatch(/could not be kept/);
    expect(readdirSync(folder)).toEqual(['statistics.json']);
    rmSync(join(folder, 'statistics.json'), { recursive: true });
    expect(await shownIn(store)).toBe(1);
  });

  it('that are kept after a reset wait for it', async () => {
    const order: string[] = [];
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const time = clock(noon);
    const store = createUsageStore({
      now: time.now,
      after: time.after,
      log: () => {},
      file: {
        read: async () => [],
        async change(change) {
          const rows = change([]).length;
          order.push(`begins with ${rows}`);
          if (rows === 0) await held;
          order.push(`ends with ${rows}`);
        },
        changeNow: () => {},
      },
    });
    const cleared = store.clear();
    await Promise.resolve();
    store.count(key, { shown: 1 });
    time.pass(30_000);
    await Promise.resolve();
    letGo();
    await cleared;
    await store.rows();
    expect(order).toEqual(['begins with 0', 'ends with 0', 'begins with 1', 'ends with 1']);
  });

  it('stay for the next time where the disk does not take them', async () => {
    const { store, time, log } = window();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file in the way');
    store.count(key, { shown: 1 });
    time.pass(30_000);
    await store.rows().catch(() => {});
    expect(log.join()).toMatch(/could not be kept/);
    rmSync(folder);
    expect(await shownIn(store)).toBe(1);
    store.dispose();
    expect(readFileSync(join(folder, 'statistics.json'), 'utf8')).toContain('"shown":1');
  });
});
