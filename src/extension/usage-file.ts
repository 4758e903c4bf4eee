/** The file of the counts, in the folder that the editor gives the extension. It is read anew for each change: other windows write it too. */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../models/json.ts';
import type { UsageRow } from '../protocol/statistics.ts';
import { usageSchema } from './usage-rows.ts';
import type { UsageFile } from './usage-store.ts';

/** 400 days of 40 rows come to about 5 MB. */
const LIMIT = 16 * 1024 * 1024;

/** A file that is not what was written there counts as empty, and is said by `log`. */
export function usageFile(folder: string, log: (text: string) => void): UsageFile {
  const path = join(folder, 'statistics.json');
  const draft = `${path}.${process.pid}.draft`;
  const textOf = (rows: readonly UsageRow[]): string => JSON.stringify({ version: 1, rows });
  const unreadable = (why: string): readonly UsageRow[] => {
    log(`The statistics in ${path} cannot be read, so they begin anew: ${why}`);
    return [];
  };
  const read = async (): Promise<readonly UsageRow[]> => {
    try {
      return (await readJson(path, usageSchema, { optional: true, limit: LIMIT }))?.rows ?? [];
    } catch (thrown) {
      return unreadable(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  const readNow = (): readonly UsageRow[] => {
    try {
      return v.parse(usageSchema, JSON.parse(readFileSync(path, 'utf8'))).rows;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      return unreadable(String(thrown));
    }
  };
  return {
    read,
    async change(change) {
      await mkdir(folder, { recursive: true });
      await writeFile(draft, textOf(change(await read())));
      await rename(draft, path);
    },
    changeNow(change) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(draft, textOf(change(readNow())));
      renameSync(draft, path);
    },
  };
}
