/** Makes a folder that appears whole or not at all: written under another name beside it and renamed at the end. */

import { mkdir, readdir, realpath, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import * as v from 'valibot';
import { draftName, sweepDrafts } from '../graph/drafts.ts';
import { readJson } from '../models/json.ts';
import { ChorusError, diskFull, isDiskFull } from '../protocol/failure.ts';

export interface NewFolderOptions {
  /** What will be written, in bytes. */
  readonly bytes: number;
  /** Replaces a folder that is there, if it is a merge or empty. */
  readonly force: boolean;
  /** Folders that are read meanwhile. */
  readonly inputs: readonly string[];
  /** Free bytes where `folder` is; the system's answer unless given. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}

/** Left free on the disk. */
const RESERVE = 16 * 1024 * 1024;

/** Gives `write` a folder, which is `out` afterwards; when it throws nothing is left. */
export async function intoNewFolder(
  out: string,
  { bytes, force, inputs, freeBytes = systemFreeBytes }: NewFolderOptions,
  write: (draft: string) => Promise<void>,
): Promise<void> {
  const target = resolve(out);
  await refuseInputs(target, inputs);
  const exists = await mayReplace(target, force);
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  const free = await freeBytes(parent);
  if (free < bytes + RESERVE) {
    throw new ChorusError(
      'request-invalid',
      `The result takes ${megabytes(bytes)}, and ${parent} has ${megabytes(free)} free. Free some space, choose another folder, or a smaller dtype.`,
      parent,
    );
  }
  // What a merge that was killed left here.
  await sweepDrafts(parent);
  const draft = draftName(join(parent, `.${basename(target)}`));
  await mkdir(draft);
  try {
    await write(draft);
    if (exists) {
      const old = `${draft}.old`;
      await rename(target, old);
      await rename(draft, target);
      await rm(old, { recursive: true, force: true });
    } else await rename(draft, target);
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true });
    throw isDiskFull(thrown) ? diskFull(dirname(target)) : thrown;
  }
}

/** Whether something is at `target` that may go. */
async function mayReplace(target: string, force: boolean): Promise<boolean> {
  const names = await readdir(target).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined;
    throw refused(target, thrown.code === 'ENOTDIR' ? 'is a file' : `cannot be read: ${thrown.message}`);
  });
  if (names === undefined) return false;
  if (!force) throw refused(target, 'is there already', 'Name another folder, or replace it with --force');
  const isMerge = names.length === 0 || (await isMerged(target));
  if (!isMerge) throw refused(target, 'is there already and holds no merge, so it is not replaced');
  return true;
}

async function isMerged(folder: string): Promise<boolean> {
  const schema = v.looseObject({ merge: v.looseObject({}) });
  return readJson(join(folder, 'chorus.json'), schema).then(
    () => true,
    () => false,
  );
}

/** The result may not be an input, hold one, or lie in one. */
async function refuseInputs(target: string, inputs: readonly string[]): Promise<void> {
  const real = await realpath(target).catch(async () => {
    const parent = await realpath(dirname(target)).catch(() => dirname(target));
    return join(parent, basename(target));
  });
  for (const input of inputs) {
    const other = await realpath(input).catch(() => resolve(input));
    if (within(real, other) || within(other, real))
      throw refused(target, `is one of the models, ${input}, or has to do with it`);
  }
}

function within(inner: string, outer: string): boolean {
  const step = relative(outer, inner);
  return step === '' || (!step.startsWith('..') && step !== resolve(step));
}

async function systemFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function refused(target: string, why: string, remedy = 'Name another folder for the result'): ChorusError {
  return new ChorusError('request-invalid', `${target} ${why}. ${remedy}.`, target);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
