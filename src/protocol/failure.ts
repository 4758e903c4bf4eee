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
  | 'disk-full'
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

/** Any thrown value as a `Failure`; what is not a `ChorusError` is a bug of ours and says so. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof ChorusError) return thrown.failure;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message: `Something went wrong inside Chorus: ${text}` };
}
