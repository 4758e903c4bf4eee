/** What rows over one base cost: time and processor time a token, and memory, of one, two and three, in turns. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { TinyExpert } from '../../src/models/tiny.ts';
import { median } from '../median.ts';
import { type Memory, memoryOf } from '../peers/memory.ts';

export interface CostOrder {
  readonly experts: readonly TinyExpert[];
  readonly workerFile: string;
  readonly cacheFolder: string;
  readonly threads: number;
}

export interface Stepped {
  readonly ms: number;
  /** Processor time of all threads. */
  readonly cpu: number;
}

export interface Cost {
  readonly rows: number;
  readonly names: readonly string[];
  /** Medians. */
  readonly ms: number;
  readonly cpu: number;
  readonly memory: Memory | undefined;
}

/** Turns, so that other work on the machine slows all alike. */
const ROUNDS = 8;
const STEPS = 12;

/** @param child the bundled cost-child.ts */
export async function measureCost(
  experts: readonly TinyExpert[],
  { child, ...places }: Pick<CostOrder, 'workerFile' | 'cacheFolder'> & { readonly child: string },
): Promise<Cost[]> {
  const sets = experts.map((_, i) => experts.slice(0, i + 1));
  const start = async (set: readonly TinyExpert[]): Promise<ChildProcess> => {
    const started = fork(child, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const order: CostOrder = { ...places, experts: set, threads: availableParallelism() };
    await asked(started, order);
    return started;
  };
  const memories: (Memory | undefined)[] = [];
  for (const set of sets) {
    // Alone: what several processes map would count in part for each.
    const started = await start(set);
    await asked(started, { steps: STEPS });
    memories.push(started.pid === undefined ? undefined : await memoryOf(started.pid));
    await end(started);
  }
  const children: ChildProcess[] = [];
  try {
    for (const set of sets) children.push(await start(set));
    const stepped = sets.map((): Stepped[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, started] of children.entries()) {
        stepped[i]?.push(...(await asked(started, { steps: STEPS })));
      }
    }
    return sets.map((set, i) => ({
      rows: set.length,
      names: set.map(({ id }) => id),
      ms: median((stepped[i] ?? []).map(({ ms }) => ms)),
      cpu: median((stepped[i] ?? []).map(({ cpu }) => cpu)),
      memory: memories[i],
    }));
  } finally {
    await Promise.all(children.map(end));
  }
}

/** A thread in the middle of a graph could not be ended otherwise. */
async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  if (child.exitCode === null && child.kill('SIGKILL')) await gone;
}

/** The child's answer; rejects where it ends instead. */
function asked(child: ChildProcess, message: object): Promise<readonly Stepped[]> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('a process that was measured ended by itself'));
    child.once('exit', gone);
    child.once('message', (stepped: readonly Stepped[]) => {
      child.off('exit', gone);
      resolve(stepped);
    });
    child.send(message);
  });
}

export function costTable(costs: readonly Cost[]): string {
  const [one] = costs;
  if (one === undefined) return '';
  const times = (value: number, of: number): string => `${value.toFixed(1)} (${(value / of).toFixed(2)}x)`;
  const head = ['rows', 'ms a token', 'tokens/s', 'CPU ms a token', 'PSS, MiB', 'of it anonymous, MiB'];
  const rows = costs.map(({ names, ms, cpu, memory }) => [
    names.join(' + '),
    times(ms, one.ms),
    (1000 / ms).toFixed(1),
    times(cpu, one.cpu),
    memory === undefined || one.memory === undefined ? '' : times(memory.pss, one.memory.pss),
    memory === undefined ? '' : memory.anonymous.toFixed(0),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '### What rows over one base cost',
    '',
    ...[head, head.map(() => '---'), ...rows].map(line),
    '',
  ].join('\n');
}
