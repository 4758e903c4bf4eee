/** How busy a machine is while nothing is measured on it. */

import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** Above this share of the cores, figures say more of the other work than of the runtimes. */
export const QUIET = 0.1;

/** Milliseconds by kind since the machine started, of one core. */
export type CoreTimes = Readonly<Record<'user' | 'nice' | 'sys' | 'idle' | 'irq', number>>;

/** Which share of all cores' time between two moments was not idle, in [0, 1]. */
export function busyShare(before: readonly CoreTimes[], after: readonly CoreTimes[]): number {
  const sum = (cores: readonly CoreTimes[], of: (core: CoreTimes) => number): number =>
    cores.reduce((total, core) => total + of(core), 0);
  const all = ({ user, nice, sys, idle, irq }: CoreTimes): number => user + nice + sys + idle + irq;
  const passed = sum(after, all) - sum(before, all);
  const idle = sum(after, (core) => core.idle) - sum(before, (core) => core.idle);
  return passed <= 0 ? 0 : Math.min(1, Math.max(0, 1 - idle / passed));
}

/** The same over the next three seconds. */
export async function busyNow(): Promise<number> {
  const times = (): CoreTimes[] => cpus().map((core) => core.times);
  const before = times();
  await setTimeout(3000);
  return busyShare(before, times());
}

/** What to say of a machine that others worked on; undefined where it was quiet. */
export function busyWarning(before: number, after: number): string | undefined {
  if (Math.max(before, after) <= QUIET) return undefined;
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  return `The machine was busy with other work: ${percent(before)} of its cores before the run, ${percent(after)} after it. These figures and verdicts are not to be quoted: llama.cpp's threads spin while they wait for one another, so other work slows it many times over, and Chorus less.`;
}
