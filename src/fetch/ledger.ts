/** The list of every connection that was ever made, for people: read from the ledger, the two lines of each as one, the newest first. */

import { open } from 'node:fs/promises';
import * as v from 'valibot';
import type { LedgerLine } from './connections.ts';
import { megabytes } from './disk.ts';

/**
 * One connection: the time is when it began. Its result is `begun` where nothing was written at its end: it is under way, or its process was
 * killed.
 */
export type LedgerEntry = Omit<LedgerLine, 'connection'>;

const text = v.pipe(v.string(), v.maxLength(2000));
const lineSchema = v.object({
  time: text,
  connection: text,
  what: text,
  origin: text,
  bytes: v.pipe(v.number(), v.minValue(0)),
  result: text,
});

/** Older lines are left where they are. */
const MOST_BYTES = 4 << 20;

/** Newest first; empty where there is no ledger, which is so until something is fetched. Lines that are none are passed over. */
export async function readLedger(file: string): Promise<LedgerEntry[]> {
  const entries = new Map<string, LedgerEntry>();
  for (const line of (await tail(file)).split('\n')) {
    const read = v.safeParse(v.pipe(v.string(), v.parseJson(), lineSchema), line);
    if (!read.success) continue;
    const { connection, ...entry } = read.output;
    const begun = entries.get(connection);
    entries.set(connection, begun === undefined ? entry : { ...entry, time: begun.time });
  }
  return [...entries.values()].reverse();
}

async function tail(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`The list of connections, ${file}, cannot be read (${code}). Check its permissions.`);
  });
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - MOST_BYTES);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const read = bytes.toString('utf8', 0, bytesRead);
    // The first line may be cut.
    return from === 0 ? read : read.slice(read.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}

/** `2026-11-27 13:40:30  https://hub.example  986 MB  owner/name@main: file.gguf  done`, a line each; control characters never reach who reads. */
export function ledgerLines(entries: readonly LedgerEntry[]): string[] {
  const rows = entries.map(({ time, origin, bytes, result, what }) =>
    [time.slice(0, 19).replace('T', ' '), origin, megabytes(bytes), what, outcome(result)].map(plain),
  );
  const widths = [0, 1, 2, 3].map((i) =>
    Math.min(80, Math.max(0, ...rows.map((row) => row[i]?.length ?? 0))),
  );
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
}

function outcome(result: string): string {
  return result === 'begun' ? 'not ended' : result;
}

function plain(cell: string): string {
  return cell.replace(/\p{Cc}|\p{Cf}/gu, ' ');
}
