/** The process that merges for the extension: forked by it, speaks RPC over its IPC channel, ends when the channel does. */

import { ChorusError } from '../protocol/failure.ts';
import type { MergeCalls } from '../protocol/merge.ts';
import { connect } from '../protocol/rpc.ts';
import { mergeModels } from './merge.ts';
import { parseRecipe } from './recipe-yaml.ts';

if (process.send === undefined) {
  console.error(
    'This process is started by the Chorus extension and does nothing alone. Use dist/cli.js merge in a terminal.',
  );
  process.exit(2);
}

/** Aborts when nobody waits any more, so that no half-written folder stays. */
const alone = new AbortController();
process.on('disconnect', () => alone.abort());

connect<object, MergeCalls>(
  {
    post: (message) => process.connected && process.send?.(message) !== undefined,
    listen: (receive) => process.on('message', receive),
  },
  {
    merge: ({ recipe, folders, out, name, seed }, { signal, update }) =>
      mergeModels({
        recipe: parseRecipe(recipe, 'The recipe'),
        folderOf: (model) => {
          const folder = Object.hasOwn(folders, model) ? folders[model] : undefined;
          if (folder !== undefined) return folder;
          throw new ChorusError(
            'request-invalid',
            `There is no expert ${model.slice(0, 200)}. Choose another.`,
          );
        },
        out,
        name,
        seed,
        signal: AbortSignal.any([signal, alone.signal]),
        onProgress: update,
      }),
  },
);
