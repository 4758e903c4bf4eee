/** Whether a process lives, for what is left behind by those that do not. */

import { readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Where the number of a process means that process: this machine, and on Linux this namespace of processes. */
export const processPlace = `${hostname()} ${namespace()}`;

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Whether the number is taken on this machine; one that ended and was not asked how counts. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Another user's process may not be signalled, and runs.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, in a form that only compares; empty where the system does not say. Tells a number that was given anew. */
export async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold anything; the start is the 22nd field, the 20th after it (proc(5)).
  const [state, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Ended, and its parent has not asked how.
  return state === 'Z' ? ENDED : (rest[18] ?? '');
}

const ENDED = 'ended';

/** Whether a process of this machine works. */
export async function lives(pid: number): Promise<boolean> {
  return isRunning(pid) && (await startOf(pid)) !== ENDED;
}
