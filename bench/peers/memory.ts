/** How much memory a process takes, as Linux counts it. */

import { readFile } from 'node:fs/promises';

export interface Memory {
  /** Proportional set size in MiB: a page that several processes map counts as its share. */
  readonly pss: number;
  /** The part of it that is not a file's, in MiB. */
  readonly anonymous: number;
}

/** Of `smaps_rollup` (proc(5)); undefined where it does not give both numbers. */
export function parseSmaps(text: string): Memory | undefined {
  const mebibytes = (name: string): number | undefined => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
  };
  const pss = mebibytes('Pss');
  const anonymous = mebibytes('Pss_Anon');
  return pss === undefined || anonymous === undefined ? undefined : { pss, anonymous };
}

/** Of a running process; undefined on other systems than Linux. */
export async function memoryOf(pid: number): Promise<Memory | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return parseSmaps(text);
}
