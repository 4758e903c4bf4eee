/** The process of one conversion: builds the graph of a model into the cache, and says how far it is and what came of it. */

import { constants, setPriority } from 'node:os';
import type { ModelToBuild } from '../graph/build-model.ts';
import { convertModel } from '../graph/convert-model.ts';
import { toFailure } from '../protocol/failure.ts';
import type { ConversionMessage } from './conversion.ts';

const say = (message: ConversionMessage): void => {
  process.send?.(message);
};

/** What is asked of other experts meanwhile goes first. */
function stepBack(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not everywhere is it allowed, and nothing depends on it.
  }
}

process.once('message', (order: ModelToBuild) => {
  stepBack();
  convertModel({ ...order, onProgress: (progress) => say({ kind: 'progress', progress }) })
    .then((): ConversionMessage => ({ kind: 'done' }))
    .catch((thrown: unknown): ConversionMessage => ({ kind: 'failed', failure: toFailure(thrown) }))
    .then((message) => {
      process.send?.(message, undefined, undefined, () => process.disconnect());
    })
    .catch(() => {});
});
// Its parent ended: nobody waits for the graph. What is half written is removed by the next conversion.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
