/** A worker thread: owns one session, of an expert or of several over one base, and answers one order at a time. */

import { parentPort } from 'node:worker_threads';
import { toFailure } from '../protocol/failure.ts';
import { openSession, type Session } from './session.ts';
import type { FromWorker, LoadOrder, ToWorker } from './worker-messages.ts';

interface Loaded {
  readonly session: Session;
  readonly experts: readonly { readonly context: Int32Array; readonly cancel: Int32Array }[];
}

let loaded: Loaded | undefined;

const say = (message: FromWorker): void => parentPort?.postMessage(message);

async function load(order: LoadOrder): Promise<FromWorker> {
  await loaded?.session.release();
  loaded = undefined;
  const session = await openSession(order, (progress) => say({ kind: 'progress', progress }));
  loaded = {
    session,
    experts: order.shared.map(({ context, cancel }) => ({
      context: new Int32Array(context),
      cancel: new Int32Array(cancel),
    })),
  };
  const { asExported, device, deviceReason } = session;
  return { kind: 'loaded', asExported, device, deviceReason };
}

async function answer(order: ToWorker): Promise<FromWorker> {
  switch (order.kind) {
    case 'load':
      return load(order);
    case 'run': {
      const expert = loaded?.experts[order.expert];
      if (loaded === undefined || expert === undefined) throw new Error('run before load');
      const { session } = loaded;
      const { context, cancel } = expert;
      const outcome = await session.run({
        expert: order.expert,
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
