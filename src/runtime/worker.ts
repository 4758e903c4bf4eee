/** An expert's worker thread: owns one session and answers one order at a time. */

import { parentPort } from 'node:worker_threads';
import { toFailure } from '../protocol/failure.ts';
import { openSession, type Session } from './session.ts';
import type { FromWorker, LoadOrder, ToWorker } from './worker-messages.ts';

interface Loaded {
  readonly session: Session;
  readonly context: Int32Array;
  readonly cancel: Int32Array;
}

let loaded: Loaded | undefined;

const say = (message: FromWorker): void => parentPort?.postMessage(message);

async function load(order: LoadOrder): Promise<FromWorker> {
  const session = await openSession(order, (progress) => say({ kind: 'progress', progress }));
  loaded = {
    session,
    context: new Int32Array(order.shared.context),
    cancel: new Int32Array(order.shared.cancel),
  };
  return { kind: 'loaded', asExported: session.asExported };
}

async function answer(order: ToWorker): Promise<FromWorker> {
  switch (order.kind) {
    case 'load':
      return load(order);
    case 'run': {
      if (loaded === undefined) throw new Error('run before load');
      const { session, context, cancel } = loaded;
      const outcome = await session.run({
        context: context.slice(0, order.length),
        rows: order.rows,
        scoreFrom: order.scoreFrom,
        cancelled: () => Atomics.load(cancel, 0) !== 0,
      });
      return { kind: 'ran', ...outcome, cacheBytes: session.cacheBytes() };
    }
    case 'forget':
      loaded?.session.forget();
      return { kind: 'forgotten' };
    case 'close':
      await loaded?.session.release();
      loaded = undefined;
      return { kind: 'closed' };
    default:
      return order satisfies never;
  }
}

const port = parentPort;
if (port === null) throw new Error('This file is a worker thread of the engine and does nothing alone.');

port.on('message', (order: ToWorker) => {
  answer(order)
    .catch((thrown: unknown): FromWorker => ({ kind: 'failed', failure: toFailure(thrown) }))
    .then((message) => {
      port.postMessage(message);
      if (message.kind === 'closed') port.close();
    })
    .catch(() => {});
});
