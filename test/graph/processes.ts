/** Processes for tests of what another process left behind. */

import { spawnSync } from 'node:child_process';

/** The id of a process that was and is no more. */
export function deadProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}
