/**
 * Names for what is being written beside its place: they say which process of which machine writes it, so that what a process
 * left behind when it was killed can be told from what another one is writing at this moment, and removed.
 */

import { createHash, randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lives, processPlace } from '../models/process-life.ts';

/** Nothing takes that long to write, in ms: of another machine's draft nothing else is known, and a process's number may be given anew. */
const LONGEST = 24 * 60 * 60 * 1000;

/** Where the number of a process means that process, in names of files. */
export const thisMachine = createHash('sha256').update(processPlace).digest('hex').slice(0, 8);

/** A name beside `place` that no other process has. */
export function draftName(place: string): string {
  return `${place}.draft-${thisMachine}-${process.pid}-${randomUUID()}`;
}

const draft = /\.draft-([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}$/;

/** Removes the drafts in `folder` whose processes are gone. What cannot be removed stays until the next time. */
export async function sweepDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const [, machine, id] = draft.exec(name) ?? [];
    if (id === undefined) continue;
    const path = join(folder, name);
    const isGone = machine === thisMachine && !(await lives(Number(id)));
    if (isGone || (await isOlder(path, LONGEST)))
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function isOlder(path: string, milliseconds: number): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > milliseconds,
    () => false,
  );
}
