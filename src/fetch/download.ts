/**
 * One file from a hub into one file on the disk: resumed where an earlier try ended, asked for again while bytes come or patience lasts,
 * never longer than it should be, and true to its SHA-256 when this returns.
 */

import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChorusError } from '../protocol/failure.ts';
import { megabytes, onDisk } from './disk.ts';
import { sha256Of } from './hash.ts';
import type { HubAnswer, HubClient } from './hub-request.ts';
import type { OnFetchProgress } from './progress.ts';
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
type Attempt =
  | { readonly kind: 'whole' }
  | {
      readonly kind: 'broken';
      readonly why: string;
      readonly waitMs?: number | undefined;
      readonly reached: boolean;
    }
  /** What is there is no beginning of what the hub has. */
  | { readonly kind: 'anew'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string };

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
  const judged = judge(answer, file, had);
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

class TooLong extends Error {}
class TooShort extends Error {}
class TooSlow extends TooShort {}

/** Fewer while patience lasts are as good as none. */
const LEAST_BYTES = 1024;

/** As much may wait for the disk. */
const MOST_QUEUED = 4 << 20;

interface Receipt {
  readonly handle: FileHandle;
  readonly from: number;
  readonly onWritten: (bytes: number) => void;
}

/**
 * Writes `body` from byte `from` on. Rejects where it ends early or goes on too long. Bytes are taken as they come: a stream that is read by
 * iteration drops what it holds when its connection breaks, and a hub that breaks off often would be asked for the same bytes for ever.
 */
async function receive(
  { part, size, onSize, patience }: Download,
  body: Readable,
  { handle, from, onWritten }: Receipt,
): Promise<void> {
  let [at, queued] = [from, 0];
  // What is there is not wanted where the hub begins at the beginning.
  let writing = onDisk(part, handle.truncate(from));
  const write = async (chunk: Uint8Array, start: number): Promise<void> => {
    await onDisk(part, writeAll(handle, chunk, start));
    queued -= chunk.length;
    onWritten(start + chunk.length - from);
    onSize(start + chunk.length);
    if (queued < MOST_QUEUED / 2) body.resume();
  };
  // A hub that sends a byte now and then would be waited for until all of them are there.
  let before = at;
  const watching = setInterval(() => {
    if (at - before < LEAST_BYTES && !body.isPaused()) body.destroy(new TooSlow('it stopped sending'));
    before = at;
  }, patience.stallMs);
  const all = new Promise<void>((resolve, reject) => {
    if (body.destroyed) return reject(body.errored ?? new TooShort('the connection broke'));
    body.on('data', (chunk: Uint8Array) => {
      const start = at;
      if (start + chunk.length > size)
        return reject(new TooLong(`more than the ${size} bytes of the file came`));
      at += chunk.length;
      queued += chunk.length;
      if (queued > MOST_QUEUED) body.pause();
      writing = writing.then(() => write(chunk, start));
      writing.catch(reject);
    });
    body.on('end', resolve).on('error', reject);
    body.on('close', () => reject(new TooShort('the connection broke')));
  });
  await all.finally(() => {
    clearInterval(watching);
    return writing;
  });
  await writing;
  if (at < size) throw new TooShort(`the answer ended ${size - at} bytes early`);
  await onDisk(part, handle.sync());
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}

type Judged = Exclude<Attempt, { kind: 'whole' }> | { readonly kind: 'good'; readonly from: number };

/** Whether the answer's head lets its body be the file, from byte `had` on or from the beginning. */
function judge({ status, headers }: HubAnswer, { size, name }: Download, had: number): Judged {
  const length = numberOf(headers['content-length']);
  const type = String(headers['content-type'] ?? '');
  if (status === 429 || status === 408 || status >= 500) {
    const seconds = numberOf(headers['retry-after']);
    const waitMs = seconds === undefined ? undefined : seconds * 1000;
    return { kind: 'broken', why: `it answered with status ${status}`, waitMs, reached: true };
  }
  if (status === 416) return { kind: 'anew', why: 'it does not have the bytes that are missing' };
  if (status === 401 || status === 403) {
    return {
      kind: 'refused',
      why: `it answered with status ${status}: access to it is limited. Accept the model's licence there and set CHORUS_HUB_TOKEN, or check chorus.models.hub`,
    };
  }
  if (status !== 200 && status !== 206) {
    return {
      kind: 'refused',
      why: `it answered with status ${status}${status === 404 ? ': it has no such file. Check chorus.models.hub' : ''}`,
    };
  }
  if (/html/i.test(type) && !/\.html?$/i.test(name)) {
    return {
      kind: 'refused',
      why: 'it answered with a web page instead of the file. The network may ask you to log in first: open a page in a browser, or check chorus.models.hub',
    };
  }
  const coding = String(headers['content-encoding'] ?? 'identity');
  if (coding !== 'identity')
    return { kind: 'refused', why: `it sent the file compressed (${coding.slice(0, 20)}), unasked` };
  const from = status === 206 ? rangeStart(headers['content-range'], size) : 0;
  if (from === undefined || (status === 206 && from !== had)) {
    return { kind: 'anew', why: 'it sent other bytes than those that were asked for' };
  }
  if (length !== undefined && from + length !== size) {
    return { kind: 'anew', why: `its file has ${from + length} bytes instead of ${size}` };
  }
  return { kind: 'good', from };
}

/** The first byte of `bytes 5-9/10`; undefined where it does not go to the end of a file of `size` bytes. */
function rangeStart(header: string | string[] | undefined, size: number): number | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(String(header ?? ''));
  if (match === null || (match[3] !== '*' && Number(match[3]) !== size)) return undefined;
  return Number(match[2]) === size - 1 ? Number(match[1]) : undefined;
}

function numberOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
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

function codeOf(thrown: unknown): string {
  const { code, cause } = thrown as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return typeof cause === 'object' && cause !== null ? codeOf(cause) : '';
}

function isOfNetwork(thrown: unknown): boolean {
  return thrown instanceof TooShort || codeOf(thrown) !== '' || (thrown as Error).name === 'SocketError';
}

function isOfCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL/.test(code);
}

function networkSentence(thrown: unknown): string {
  const code = codeOf(thrown);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  if (isOfCertificate(code)) {
    return `its certificate is not trusted (${code}). Where your network has one of its own, name its file in NODE_EXTRA_CA_CERTS`;
  }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no way to it: its name is not known here (is there a network?)';
    case 'ECONNREFUSED':
      return 'it refuses connections';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'it cannot be reached';
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'it stopped sending';
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection broke';
    default:
      return said.slice(0, 200);
  }
}
