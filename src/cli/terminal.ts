/** What a command reads and writes, and how it is asked to end. */

import type { Readable, Writable } from 'node:stream';

export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
  /** What is not the answer: complaints, progress, tables. */
  readonly notes: Writable & { readonly isTTY?: boolean };
  /** Called where a command can be ended half-way and cleans up. */
  readonly interruption: () => AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}
