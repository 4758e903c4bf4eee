/**
 * Errors as data: what crosses a process boundary when something goes wrong.
 * `message` is a finished sentence for the user: what happened, where, and what to do.
 */

export type FailureCode =
  | 'file-missing'
  | 'file-unreadable'
  | 'model-invalid'
  | 'config-invalid'
  | 'tokenizer-invalid'
  | 'template-invalid'
  | 'context-full'
  | 'no-expert'
  | 'request-invalid'
  | 'setting-invalid'
  | 'unsupported'
  | 'out-of-memory'
  | 'engine-exited'
  | 'cancelled'
  /** No source gave a model, or what it gave is not the model. */
  | 'fetch-failed'
  /** The settings forbid every connection. */
  | 'offline'
  | 'disk-full'
  | 'internal';

export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  /** The file the failure is about, when there is one. */
  readonly file?: string;
}

/** Carries a `Failure` where JavaScript wants an `Error`. */
export class ChorusError extends Error {
  readonly failure: Failure;

  constructor(code: FailureCode, message: string, file?: string) {
    super(message);
    this.name = 'ChorusError';
    this.failure = file === undefined ? { code, message } : { code, message, file };
  }
}

/** That there is no room for what is kept in `folder`; with both numbers, in bytes, where they are known. */
export function diskFull(
  folder: string,
  need?: { readonly what: string; readonly bytes: number; readonly free: number },
): ChorusError {
  const why =
    need === undefined
      ? `The disk of ${folder} is full.`
      : `${need.what} needs ${megabytes(Math.ceil(need.bytes / 1e6))} in ${folder}, and ${megabytes(Math.floor(need.free / 1e6))} are free there.`;
  return new ChorusError(
    'disk-full',
    `${why} Make room there, or name a folder on another disk: for what Chorus itself keeps, in the environment variable CHORUS_CACHE.`,
    folder,
  );
}

function megabytes(count: number): string {
  return `${count.toLocaleString('en')} MB`;
}

/** Whether a file system refused what was written because it is full, or the user's part of it. */
export function isDiskFull(thrown: unknown): boolean {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Any thrown value as a `Failure`; what is neither a `ChorusError` nor a full disk is a bug of ours and says so. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof ChorusError) return thrown.failure;
  if (isDiskFull(thrown)) {
    const { path = 'what is written' } = thrown as { readonly path?: string };
    return diskFull(path).failure;
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message: `Something went wrong inside Chorus: ${text}` };
}
