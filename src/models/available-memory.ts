/**
 * How much memory is there to load experts into: what the system calls available, and on Linux no more than what the limits
 * of the process's control groups leave, so that a container's limit counts.
 */

import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path/posix';

/** The text of a file, or undefined where it cannot be read. */
export type ReadText = (path: string) => string | undefined;

export interface Machine {
  readonly platform: string;
  /** Bytes that the system itself calls free. */
  readonly free: number;
  readonly total: number;
  readonly read: ReadText;
}

/** In bytes. */
export function availableMemory(machine: Machine = thisMachine()): number {
  const { platform, free, total, read } = machine;
  switch (platform) {
    case 'linux':
      return availableOnLinux(read) ?? free;
    case 'darwin':
      // Free there are only pages that hold nothing, of which macOS leaves few: it keeps files and compresses.
      return Math.max(free, total / 2);
    default:
      return free;
  }
}

function thisMachine(): Machine {
  const { availableMemory: system = freemem } = process as { availableMemory?: () => number };
  return { platform: process.platform, free: system(), total: totalmem(), read: readText };
}

/**
 * From /proc and /sys/fs/cgroup (version 2, and the memory controller of version 1); undefined where they do not say. Files that
 * are cached and not in use count as available, as the system counts them.
 */
export function availableOnLinux(read: ReadText): number | undefined {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo') ?? '')?.[1];
  if (available === undefined) return undefined;
  return Math.min(1024 * Number(available), ...groupsOf(read).map((group) => leftIn(group, read)));
}

interface Group {
  readonly folder: string;
  readonly names: { readonly limit: string; readonly used: string; readonly cached: string };
}

const version2 = { limit: 'memory.max', used: 'memory.current', cached: 'inactive_file' } as const;
const version1 = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cached: 'total_inactive_file',
} as const;

/** The group of this process and all that hold it. */
function groupsOf(read: ReadText): Group[] {
  const groups: Group[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const isSecond = controllers === '';
    if (!isSecond && !controllers?.split(',').includes('memory')) continue;
    const [root, names] = isSecond
      ? (['/sys/fs/cgroup', version2] as const)
      : (['/sys/fs/cgroup/memory', version1] as const);
    for (let at = path; ; at = dirname(at)) {
      groups.push({ folder: join(root, at), names });
      if (at === '/') break;
    }
  }
  return groups;
}

function leftIn({ folder, names }: Group, read: ReadText): number {
  const number = (name: string): number => Number.parseInt(read(join(folder, name)) ?? '', 10);
  const limit = number(names.limit);
  const used = number(names.used);
  // No file, or the word 'max'.
  if (Number.isNaN(limit) || Number.isNaN(used)) return Number.POSITIVE_INFINITY;
  const stat = read(join(folder, 'memory.stat')) ?? '';
  const cached = Number(new RegExp(`^${names.cached} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  return Math.max(0, limit - used + cached);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
