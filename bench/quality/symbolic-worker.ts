/** The thread in which expressions are compared, so that one that takes too long can be given up. */

import { parentPort } from 'node:worker_threads';
import { symbolicEqual } from './symbolic-equal.ts';

parentPort?.on('message', ({ first, second }: { first: string; second: string }) => {
  parentPort?.postMessage('begun');
  let same = false;
  try {
    same = symbolicEqual(first, second);
  } catch {
    // What cannot be computed is not shown to be equal.
  }
  parentPort?.postMessage(same);
});
