/**
 * The self-check in a process of its own: a driver that crashes or hangs takes that process with it and not the engine. What is
 * opened there is opened again where it is used.
 */

import { fork } from 'node:child_process';
import type { Device } from '../protocol/engine.ts';
import { LONGEST_CHECK_MS } from './choose-device.ts';
import type { CheckOutcome } from './self-check.ts';
import type { GraphOrder } from './worker-messages.ts';

export interface CheckOrder {
  readonly device: Device;
  readonly load: GraphOrder;
}

export type CheckMessage = CheckOutcome | { readonly kind: 'working' };

/**
 * @param milliseconds how long the process may be silent
 * @param program the bundled check, dist/device-check.js
 */
export function checkInProcess(
  program: string,
  order: CheckOrder,
  milliseconds = LONGEST_CHECK_MS,
): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    const checker = fork(program, {
      execArgv: [],
      // Read by the native module when it is first loaded.
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const settle = (outcome: CheckOutcome): void => {
      clearTimeout(timer);
      checker.removeAllListeners();
      checker.on('error', () => {});
      checker.kill('SIGKILL');
      resolve(outcome);
    };
    const timer = setTimeout(
      () => settle({ kind: 'refused', why: `was not done with its check within ${milliseconds / 1000} s` }),
      milliseconds,
    );
    checker.on('message', (message: CheckMessage) => {
      if (message.kind === 'working') timer.refresh();
      else settle(message);
    });
    checker.on('error', (error) =>
      settle({ kind: 'refused', why: `could not be checked: ${error.message}` }),
    );
    checker.on('exit', (code, signal) =>
      settle({ kind: 'refused', why: `crashed when it was tried (${signal ?? `exit code ${code}`})` }),
    );
    // Where it has ended already, its exit says more than that it cannot be written to.
    checker.send(order, () => {});
  });
}
