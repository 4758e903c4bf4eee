/**
 * The one gate to the network. Whoever opens a connection asks here first: where the settings forbid it, or it cannot be written down,
 * there is none. Every connection has two lines in the ledger, one before it and one after it; a process that was killed leaves one.
 */

import { randomUUID } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ChorusError } from '../protocol/failure.ts';
import type { FetchSettings } from './settings.ts';

/** A line of the ledger. */
export interface LedgerLine {
  /** ISO 8601. */
  readonly time: string;
  /** The same for the two lines of a connection. */
  readonly connection: string;
  readonly what: string;
  /** Scheme, host and port, never more of an address; for pip what it is called, and its index where it says so. */
  readonly origin: string;
  /** Received, where known; at the beginning 0. */
  readonly bytes: number;
  /** `begun`, `done`, or what went wrong. */
  readonly result: string;
}

export interface Connection {
  end(outcome: {
    readonly bytes: number;
    readonly result: string;
    readonly origin?: string | undefined;
  }): Promise<void>;
}

export interface Connections {
  /** Rejects with a `ChorusError` where the connection must not be opened. */
  begin(what: string, origin: string): Promise<Connection>;
}

export function openConnections({ offline, ledger }: FetchSettings): Connections {
  return {
    async begin(what, origin) {
      refuseOffline(offline, what);
      const connection = randomUUID();
      const write = (line: Omit<LedgerLine, 'time' | 'connection' | 'what'>): Promise<void> =>
        append(ledger, { time: new Date().toISOString(), connection, what, ...line });
      await write({ origin, bytes: 0, result: 'begun' });
      return {
        end: ({ bytes, result, origin: known = origin }) => write({ origin: known, bytes, result }),
      };
    },
  };
}

/** @param what completes "forbid": `the download of ...` */
export function refuseOffline(offline: boolean, what: string): void {
  if (!offline) return;
  throw new ChorusError(
    'offline',
    `The settings forbid connections, so there is no ${what}. Switch chorus.models.offline off (in a terminal: leave out --offline and CHORUS_OFFLINE), or go on with the pocket experts.`,
  );
}

async function append(file: string, line: LedgerLine): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    // One short write at the end of the file: lines of several processes do not mix.
    await appendFile(file, `${JSON.stringify(line)}\n`);
  } catch (thrown) {
    throw new ChorusError(
      'file-unreadable',
      `The list of connections, ${file}, cannot be written: ${(thrown as Error).message}. Nothing is fetched without it: make room there, or check its permissions.`,
      file,
    );
  }
}
