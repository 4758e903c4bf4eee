/** The engine process: forked by the extension, speaks RPC over its IPC channel, ends when the channel does. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EngineCalls, EngineEvents } from '../protocol/engine.ts';
import { connect } from '../protocol/rpc.ts';
import { createEngine } from './engine.ts';

if (process.send === undefined) {
  console.error(
    'The engine is started by the Chorus extension and does nothing alone. Use dist/cli.js in a terminal.',
  );
  process.exit(2);
}

new Worker(join(__dirname, 'watchdog.js'), { workerData: { parent: process.ppid } });

// A worker that runs a graph must not be terminated, which process.exit would do: SIGKILL ends all at once, cleanly.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const extension = connect<EngineEvents, EngineCalls>(
  {
    post: (message) => process.connected && process.send?.(message) !== undefined,
    listen: (receive) => process.on('message', receive),
  },
  {
    configure: (mix) => {
      engine.configure(mix);
      return { kind: 'ok' };
    },
    load: () => engine.load(),
    generate: (request, { signal, update }) => engine.generate(request, { signal, onDelta: update }),
    count: (request) => engine.count(request),
    explain: (request, { signal }) => engine.explain(request, { signal }),
    showPrompt: (prompt) => engine.showPrompt(prompt),
    advise: (request, { signal, update }) => engine.advise(request, { signal, onProgress: update }),
    obtain: (request, { signal, update }) => engine.obtain(request, { signal, onProgress: update }),
    bundle: (request, { signal, update }) => engine.bundle(request, { signal, onProgress: update }),
    describe: (request) => engine.describe(request),
    discard: (request) => engine.discard(request),
    ping: () => ({ kind: 'ok' }),
  },
);

const engine = createEngine({
  programs: __dirname,
  // The extension's own folder.
  cacheFolder: process.argv[2],
  onStatus: (statuses) => extension.tell('experts', statuses),
  log: (text) => extension.tell('log', { level: 'info', text }),
});

process.on('unhandledRejection', (reason) => {
  extension.tell('log', {
    level: 'error',
    text: `unhandled: ${reason instanceof Error ? reason.stack : String(reason)}`,
  });
});
