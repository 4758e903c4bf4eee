/** A worker thread that holds a session, from outside: one question at a time, and what becomes of it when the thread ends. */

import { SHARE_ENV, Worker } from 'node:worker_threads';
import { ChorusError } from '../protocol/failure.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface WorkerHandle {
  /** One question at a time; rejects with a `ChorusError`. */
  ask(order: ToWorker): Promise<FromWorker>;
  close(): Promise<void>;
}

export interface WorkerEvents {
  readonly onGone: (why: ChorusError) => void;
  readonly onProgress: (progress: number) => void;
}

/** Starts the thread. It is never terminated while it runs a graph, which would abort the process. */
export function startWorker(file: string, { onGone, onProgress }: WorkerEvents): WorkerHandle {
  // Read by the native module when it is first loaded; a worker with its own environment would not be heard.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const worker = new Worker(file, { env: SHARE_ENV });
  let waiting: { resolve: (message: FromWorker) => void; reject: (error: Error) => void } | undefined;
  let gone: ChorusError | undefined;

  const settle = (): typeof waiting => {
    const settled = waiting;
    waiting = undefined;
    return settled;
  };
  const end = (why: string): void => {
    if (gone !== undefined) return;
    gone = new ChorusError(
      'internal',
      `An expert's thread ended: ${why}. Switch the expert off and on again.`,
    );
    settle()?.reject(gone);
    onGone(gone);
  };
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'progress') onProgress(message.progress);
    else if (message.kind === 'failed') {
      const { code, message: text, file: path } = message.failure;
      settle()?.reject(new ChorusError(code, text, path));
    } else settle()?.resolve(message);
  });
  worker.on('error', (error) => end(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => end(`exit code ${code}`));

  const ask = (order: ToWorker): Promise<FromWorker> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) {
        reject(gone);
        return;
      }
      waiting = { resolve, reject };
      worker.postMessage(order);
    });
  return {
    ask,
    close: async () => {
      if (gone !== undefined) return;
      await ask({ kind: 'close' }).catch(() => {});
      gone ??= new ChorusError('internal', 'This expert was unloaded.');
    },
  };
}
