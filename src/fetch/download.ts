/**
 * One file from a hub into one file on the disk: resumed where an earlier try ended, asked for again while bytes come or patience lasts,
 * never longer than it should be, and true to its SHA-256 when this returns.
 */

import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Of } from '../models/stored-file.ts';
import { ChorusError } from '../protocol/failure.ts';
import { megabytes, onDisk } from './disk.ts';
import { type Fault, judge } from './hub-answer.ts';
import type { HubAnswer, HubClient } from './hub-request.ts';
import { codeOf, isOfCertificate, isOfNetwork, networkSentence } from './network-error.ts';
import type { OnFetchProgress } from './progress.ts';
import { receive, TooLong } from './receive.ts';
import type { Patience } from './settings.ts';

export interface Download {
  readonly url: URL;
  /** For sentences. */
  readonly name: string;
  /** For the ledger. */
  readonly what: string;
  readonly sha256: string;
  readonly size: number;
  /** Where it grows; what is there already is its beginning. */
  readonly part: string;
  readonly client: HubClient;
  readonly patience: Patience;
  /** Bytes of it on the disk. */
  readonly onSize: (bytes: number) => void;
  readonly onProgress: OnFetchProgress;
  readonly signal?: AbortSignal | undefined;
}

/** How one request ended. */
type Attempt = { readonly kind: 'whole' } | Fault;

const LONGEST_WAIT_MS = 60_000;
/** However little each of them brings. */
const MOST_ATTEMPTS = 2_000;
/** A hub that was never reached is asked again once. */
const UNREACHED_RETRIES = 1;

export async function downloadFile(file: Download): Promise<void> {
  const { part, size, sha256, name, onSize, onProgress, patience, signal } = file;
  let [vain, started, reached] = [0, 0, false];
  for (let attempts = 0; ; attempts++) {
    const had = await beginning(part, size);
    onSize(had);
    const attempt: Attempt = had === size ? { kind: 'whole' } : await request(file, had);
    signal?.throwIfAborted();
    if (attempt.kind === 'whole') {
      onProgress({ kind: 'verifying' });
      if ((await sha256Of(part, signal)) === sha256) return;
      await rm(part, { force: true });
    }
    if (attempt.kind === 'refused') throw failed(file, attempt.why);
    if (attempt.kind === 'whole' || attempt.kind === 'anew') {
      const why =
        attempt.kind === 'anew'
          ? attempt.why
          : `what came has ${megabytes(size)} but is not the file (its SHA-256 is another)`;
      await rm(part, { force: true });
      started++;
      if (started === 2) throw failed(file, `${why}, twice`);
      continue;
    }
    reached ||= attempt.reached;
    vain = (await beginning(part, size)) > had ? 0 : vain + 1;
    const most = reached ? patience.retries : Math.min(UNREACHED_RETRIES, patience.retries);
    if (vain > most || attempts >= MOST_ATTEMPTS) throw failed(file, attempt.why);
    const usual = patience.backoffMs * 2 ** Math.max(0, vain - 1) * (0.75 + Math.random() / 2);
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(usual, attempt.waitMs ?? 0));
    onProgress({ kind: 'retrying', why: `${name}: ${attempt.why}`, waitMs });
    await sleep(waitMs, undefined, { signal });
  }
}

function failed({ url, name }: Download, why: string): ChorusError {
  return new ChorusError('fetch-failed', `${name} did not come from ${url.origin}: ${why}.`);
}

/** How many bytes are there; what cannot be a beginning is taken away. */
async function beginning(part: string, size: number): Promise<number> {
  const found = await lstat(part).catch(() => undefined);
  if (found === undefined) return 0;
  if (found.isFile() && found.size <= size) return found.size;
  await rm(part, { recursive: true, force: true });
  return 0;
}

/** The file is open before anything is asked, so that the bytes of the answer have somewhere to go from the first one on. */
async function request(file: Download, had: number): Promise<Attempt> {
  const handle = await onDisk(file.part, open(file.part, had > 0 ? 'r+' : 'w'));
  try {
    return await requestInto(handle, file, had);
  } finally {
    await handle.close();
  }
}

async function requestInto(handle: FileHandle, file: Download, had: number): Promise<Attempt> {
  const { url, what, client, signal } = file;
  let answer: HubAnswer;
  try {
    answer = await client.get({ url, what, from: had, signal });
  } catch (thrown) {
    return unreached(thrown);
  }
  const { body, connection } = answer;
  const judged = judge(answer, { ...file, had });
  if (judged.kind !== 'good') {
    await body.dump({ limit: 16_384 }).catch(() => {});
    body.destroy();
    await connection.end({ bytes: 0, result: judged.why });
    return judged;
  }
  let written = 0;
  let result = 'done';
  const onWritten = (bytes: number): void => {
    written = bytes;
  };
  try {
    await receive(file, body, { handle, from: judged.from, onWritten });
    return { kind: 'whole' };
  } catch (thrown) {
    result = signal?.aborted ? 'cancelled' : (thrown as Error).message;
    if (thrown instanceof TooLong) return { kind: 'anew', why: result };
    if (thrown instanceof ChorusError || !isOfNetwork(thrown)) throw thrown;
    return { kind: 'broken', why: networkSentence(thrown), reached: true };
  } finally {
    body.destroy();
    await connection.end({ bytes: written, result });
  }
}

/** A connection that never stood, or whose answer never began. */
function unreached(thrown: unknown): Attempt {
  if (thrown instanceof ChorusError || !isOfNetwork(thrown)) throw thrown;
  const why = networkSentence(thrown);
  if (isOfCertificate(codeOf(thrown))) return { kind: 'refused', why };
  // A server that accepts the connection and says nothing was reached.
  const reached = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(
    codeOf(thrown),
  );
  return { kind: 'broken', why, reached };
}
