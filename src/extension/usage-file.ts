/** The file of the counts, in the folder that the editor gives the extension. It is read anew for each change: other windows write it too. */

import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { UsageRow } from '../protocol/statistics.ts';
import { usageSchema } from './usage-rows.ts';
import type { UsageFile } from './usage-store.ts';

/** In characters; 400 days of 40 rows come to about 5 MB. */
const LIMIT = 16 * 1024 * 1024;
const VERSION = 1;

type Kept =
  | { readonly kind: 'rows'; readonly rows: readonly UsageRow[] }
  /** Nobody can read it any more: it is put aside before anything is written. */
  | { readonly kind: 'damaged'; readonly why: string };

/**
 * A file that is not what was written there counts as empty, is said by `log`, and lies beside the new one as `.damaged`. A file that
 * cannot be opened, or that a newer Chorus wrote, stays as it is: reading and changing it reject.
 */
export function usageFile(folder: string, log: (text: string) => void): UsageFile {
  const path = join(folder, 'statistics.json');
  const damaged = `${path}.damaged`;
  const draftPath = (): string => `${path}.${randomUUID()}.draft`;
  const textOf = (rows: readonly UsageRow[]): string => JSON.stringify({ version: VERSION, rows });
  const rowsOf = (kept: Kept): readonly UsageRow[] => {
    if (kept.kind === 'rows') return kept.rows;
    log(`The statistics in ${path} cannot be read, so they begin anew: ${kept.why}`);
    return [];
  };
  const keptNow = async (): Promise<Kept> => keptIn(await readFile(path, 'utf8').catch(unlessMissing), path);
  return {
    read: async () => rowsOf(await keptNow()),
    async change(change) {
      await mkdir(folder, { recursive: true });
      const kept = await keptNow();
      const draft = draftPath();
      try {
        await writeFile(draft, textOf(change(rowsOf(kept))));
        if (kept.kind === 'damaged') await rename(path, damaged);
        await rename(draft, path);
      } catch (thrown) {
        await rm(draft, { force: true });
        throw thrown;
      }
    },
    changeNow(change) {
      mkdirSync(folder, { recursive: true });
      const kept = keptIn(textNow(path), path);
      const draft = draftPath();
      try {
        writeFileSync(draft, textOf(change(rowsOf(kept))));
        if (kept.kind === 'damaged') renameSync(path, damaged);
        renameSync(draft, path);
      } catch (thrown) {
        rmSync(draft, { force: true });
        throw thrown;
      }
    },
  };
}

function textNow(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    return unlessMissing(thrown);
  }
}

function unlessMissing(thrown: unknown): undefined {
  if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
}

/** Throws where a newer version wrote it. */
function keptIn(text: string | undefined, path: string): Kept {
  if (text === undefined) return { kind: 'rows', rows: [] };
  if (text.length > LIMIT) return { kind: 'damaged', why: `it has more than ${LIMIT} characters` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    return { kind: 'damaged', why: String(thrown) };
  }
  if (v.is(v.object({ version: v.pipe(v.number(), v.gtValue(VERSION)) }), json))
    throw new Error(
      `A newer version of Chorus wrote ${path}. It is left as it is: update Chorus to count on.`,
    );
  const checked = v.safeParse(usageSchema, json, { abortEarly: true });
  return checked.success
    ? { kind: 'rows', rows: checked.output.rows }
    : { kind: 'damaged', why: checked.issues[0].message };
}
