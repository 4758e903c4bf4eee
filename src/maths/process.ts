/** The algebra as a process of its own: it can be ended when a question takes too long, and its memory is bounded. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MathsCalls } from '../protocol/maths.ts';
import { connect } from '../protocol/rpc.ts';
import { answerMaths } from './answer.ts';

if (process.send === undefined) {
  console.error('The algebra is started by the Chorus extension and does nothing alone.');
  process.exit(2);
}

// A long computation hears no message: the thread ends the process when its parent is gone.
new Worker(join(__dirname, 'watchdog.js'), { workerData: { parent: process.ppid } });
process.on('disconnect', () => process.exit());

connect<object, MathsCalls>(
  {
    post: (message) => process.connected && process.send?.(message) !== undefined,
    listen: (receive) => process.on('message', receive),
  },
  {
    ask(question) {
      try {
        return answerMaths(question);
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        return { kind: 'failed', why: `The algebra gave up: ${why.slice(0, 200)}` };
      }
    },
  },
);
