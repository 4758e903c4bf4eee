/** A thread that ends the engine when the process that started it is gone, even while the engine itself is stuck. */

import { workerData } from 'node:worker_threads';

const EVERY_MS = 2000;
const { parent } = workerData as { readonly parent: number };

setInterval(() => {
  try {
    process.kill(parent, 0);
  } catch (thrown) {
    // Not allowed to signal it means that it is there.
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') process.kill(process.pid, 'SIGKILL');
  }
}, EVERY_MS);
