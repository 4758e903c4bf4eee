/** The engine as a child process: its messages, its lines of output, its end. Starts it; decides nothing. */

import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { engineEnvironment, engineFlags } from '../protocol/engine-environment.ts';
import type { Port } from '../protocol/rpc.ts';

export interface EngineEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface EngineProcess {
  readonly pid: number | undefined;
  readonly port: Port;
  /** Resolves once, when the process is gone or could not be started. */
  readonly ended: Promise<EngineEnd>;
  /** Closes the channel, on which the engine ends by itself. */
  hangUp(): void;
  kill(): void;
}

const endingMs = 500;

/** `onLine` gets each line that the process prints, outside the protocol; `flags` are for Node. */
export function forkEngine(
  script: string,
  onLine: (line: string) => void,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): EngineProcess {
  const child = fork(script, [...args], {
    execPath: process.execPath,
    // The inspector's flags of the extension host must not reach the engine: both would want one port.
    execArgv: [...engineFlags, ...flags],
    env: { ...process.env, ...engineEnvironment, ELECTRON_RUN_AS_NODE: '1' },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
  return {
    pid: child.pid,
    port: portOf(child),
    ended: endOf(child, onLine),
    hangUp() {
      if (child.connected) child.disconnect();
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

function portOf(child: ChildProcess): Port {
  return {
    post(message) {
      // What cannot be sent any more is answered when the process's end is seen, with one message for all.
      if (child.connected) child.send(message as object, undefined, undefined, () => {});
      return true;
    },
    listen(receive) {
      child.on('message', receive);
    },
  };
}

function endOf(child: ChildProcess, onLine: (line: string) => void): Promise<EngineEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (error) => {
      onLine(`The engine process: ${error.message}`);
      child.kill('SIGKILL');
      if (child.pid === undefined) resolve({ exitCode: null, signal: null });
    });
    // An engine that can no longer be spoken to is of no use; one that is just ending keeps its own exit code.
    child.once('disconnect', () => setTimeout(() => child.kill('SIGKILL'), endingMs).unref());
  });
}
