// Finds processes by their command line: from /proc on Linux, from ps elsewhere.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The ids of the processes whose command line contains every one of `parts`. */
export function processesRunning(parts: readonly string[]): number[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs();
  return all.filter(({ command }) => parts.every((part) => command.includes(part))).map(({ id }) => id);
}

interface Running {
  readonly id: number;
  readonly command: string;
}

function fromProc(): Running[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.flatMap((name) => {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return command ? [{ id: Number(name), command }] : [];
    } catch {
      // It ended between the two reads.
      return [];
    }
  });
}

function fromPs(): Running[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, id, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return id && command ? [{ id: Number(id), command }] : [];
  });
}
