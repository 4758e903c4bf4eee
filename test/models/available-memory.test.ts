import { describe, expect, it } from 'vitest';
import { availableMemory, availableOnLinux } from '../../src/models/available-memory.ts';

const meminfo = 'MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\n';
const reader =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | undefined =>
    ({ '/proc/meminfo': meminfo, ...files })[path];
const machine = 8_000_000 * 1024;

describe('the memory that is free', () => {
  it('is what Linux calls available, where no group limits it', () => {
    expect(availableOnLinux(reader({}))).toBe(machine);
    const unlimited = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' };
    expect(availableOnLinux(reader(unlimited))).toBe(machine);
  });

  it('is what the tightest group above the process leaves, its idle file cache included', () => {
    const files = {
      '/proc/self/cgroup': '0::/user.slice/app.scope\n',
      '/sys/fs/cgroup/user.slice/app.scope/memory.max': 'max\n',
      '/sys/fs/cgroup/user.slice/app.scope/memory.current': '1000\n',
      '/sys/fs/cgroup/user.slice/memory.max': '2000000000\n',
      '/sys/fs/cgroup/user.slice/memory.current': '1500000000\n',
      '/sys/fs/cgroup/user.slice/memory.stat': 'anon 5\ninactive_file 300000000\nactive_file 9\n',
    };
    expect(availableOnLinux(reader(files))).toBe(800_000_000);
  });

  it('knows the groups of version 1, and reads of the memory controller alone', () => {
    const files = {
      '/proc/self/cgroup': '5:cpu:/other\n4:memory:/docker/x\n0::/\n',
      '/sys/fs/cgroup/memory/other/memory.limit_in_bytes': '5\n',
      '/sys/fs/cgroup/memory/other/memory.usage_in_bytes': '0\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1000000000\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '400000000\n',
      '/sys/fs/cgroup/memory/memory.stat': 'inactive_file 7\ntotal_inactive_file 100000000\n',
    };
    expect(availableOnLinux(reader(files))).toBe(700_000_000);
  });

  it('is unknown where the system does not say, and never below 0', () => {
    expect(availableOnLinux(() => undefined)).toBeUndefined();
    const full = {
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': '10\n',
      '/sys/fs/cgroup/memory.current': '20\n',
    };
    expect(availableOnLinux(reader(full))).toBe(0);
  });

  it('is at least half of the machine where free memory says little, and what the system says elsewhere', () => {
    const machine = { free: 1e8, total: 16e9, read: () => undefined };
    expect(availableMemory({ ...machine, platform: 'darwin' })).toBe(8e9);
    expect(availableMemory({ ...machine, platform: 'darwin', free: 12e9 })).toBe(12e9);
    expect(availableMemory({ ...machine, platform: 'win32' })).toBe(1e8);
    expect(availableMemory({ ...machine, platform: 'linux' })).toBe(1e8);
  });

  it('can be told on this machine', () => {
    expect(availableMemory()).toBeGreaterThan(1e6);
  });
});
