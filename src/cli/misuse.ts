/** A command line that is not understood, and the exit codes of every command, as `--help` says. */

import { ChorusError, toFailure } from '../protocol/failure.ts';

export class Misuse extends ChorusError {
  constructor(message: string) {
    super('request-invalid', message);
  }
}

export const exitCodes = { done: 0, failed: 1, misused: 2, cancelled: 130 } as const;

/** Of a command that ended by throwing; `signal` is what asked it to end. */
export function exitCodeOf(thrown: unknown, signal?: AbortSignal): number {
  if (thrown instanceof Misuse) return exitCodes.misused;
  if (toFailure(thrown).code === 'cancelled' || signal?.aborted) return exitCodes.cancelled;
  return exitCodes.failed;
}

/** What `parse` makes of a command line; what it throws is a misuse, in the words that `misused` finds for it. */
export function parsed<T>(parse: () => T, misused: (why: string) => Misuse = (why) => new Misuse(why)): T {
  try {
    return parse();
  } catch (thrown) {
    throw misused(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
