/**
 * Where a model grows before it is there: a folder beside the models, in which files are moved to their names when they are verified. When
 * all are, the whole folder is moved to the model's place at once. What a killed process left here is gone on with.
 */

import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import {
  type FetchedModel,
  type ModelSource,
  type StoredFile,
  sourceName,
  storedFiles,
} from '../models/catalog.ts';
import { sha256Of, syncFile } from '../models/stored-file.ts';
import { placeOf, RECORD_NAME } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import { describeModel } from './describe-model.ts';
import { move, onDisk, syncFolder } from './disk.ts';

export interface Staging {
  /** For what is not verified yet. */
  readonly folder: string;
  /** Where a file grows. */
  part(file: StoredFile): string;
  /** Whether the file lies verified in its place. */
  has(file: StoredFile): Promise<boolean>;
  /** Bytes of the file that are there, verified or not. */
  sizeOf(file: StoredFile): Promise<number>;
  /** Moves `from`, which was verified, to its place. */
  put(file: StoredFile, from: string): Promise<void>;
  /** All files are in place: makes the model's folder of them and gives its path. `from` is where they came from, where that is not the source. */
  finish(from?: string): Promise<string>;
}

/** The folder of everything unfinished; its name is no model's. */
export function stagingFolder(models: string): string {
  return join(models, '.fetching');
}

/** Claims on models; the name is no model's either. */
export function claimsFolder(models: string): string {
  return join(stagingFolder(models), '.claims');
}

export function openStaging(models: string, model: FetchedModel, source: ModelSource): Staging {
  const folder = join(stagingFolder(models), model.id);
  const files = storedFiles(source);
  // Each source has its own, so that files of two are never mixed.
  const whole = join(folder, `whole-${digest(JSON.stringify(files)).slice(0, 12)}`);
  const placeIn = (path: string): string => join(whole, ...path.split('/'));
  return {
    folder,
    part: ({ sha256 }) => join(folder, `${sha256}.part`),
    async has({ path, sha256, size }) {
      const found = await lstat(placeIn(path)).catch(() => undefined);
      return found?.isFile() === true && found.size === size && (await sha256Of(placeIn(path))) === sha256;
    },
    async sizeOf({ path, sha256, size }) {
      const found = async (place: string): Promise<number> =>
        (await lstat(place).catch(() => undefined))?.size ?? 0;
      return Math.min(
        size,
        Math.max(await found(placeIn(path)), await found(join(folder, `${sha256}.part`))),
      );
    },
    async put({ path }, from) {
      const place = placeIn(path);
      await onDisk(folder, mkdir(dirname(place), { recursive: true }));
      await checkInside(models, dirname(place));
      await onDisk(folder, syncFile(from));
      await onDisk(folder, move(from, place));
    },
    async finish(from = sourceName(source)) {
      await onDisk(folder, describeModel(whole, model, { source, from }));
      await removeOthers(whole, [...files.map(({ path }) => path), 'chorus.json', RECORD_NAME]);
      await onDisk(folder, replace(whole, placeOf(models, model), folder));
      await syncFolder(models);
      await rm(folder, { recursive: true, force: true });
      return placeOf(models, model);
    },
  };
}

/** A link among the folders could lead out of the models' folder. */
async function checkInside(models: string, folder: string): Promise<void> {
  const [root, real] = [await realpath(models), await realpath(folder)];
  const expected = join(root, relative(models, folder));
  if (real === expected && real.startsWith(root + sep)) return;
  throw new ChorusError(
    'file-unreadable',
    `${folder} leads out of ${models} by a link. Remove the link and fetch again.`,
    folder,
  );
}

/** Something that was put here by hand would otherwise become part of the model. */
async function removeOthers(whole: string, paths: readonly string[]): Promise<void> {
  for (const entry of await readdir(whole, { recursive: true, withFileTypes: true })) {
    const path = relative(whole, join(entry.parentPath, entry.name)).split(sep).join('/');
    const wanted = entry.isDirectory()
      ? paths.some((one) => one.startsWith(`${path}/`))
      : paths.includes(path);
    if (!wanted) await rm(join(whole, path), { recursive: true, force: true });
  }
}

/** Moves `whole` to `place`; what lies there, an older or damaged model, goes. */
async function replace(whole: string, place: string, folder: string): Promise<void> {
  const old = join(folder, `old-${randomUUID()}`);
  await move(place, old).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT') return;
    const why = `${place} cannot be replaced (${code}). Another program may use it: close the editors that run Chorus and try again.`;
    throw new ChorusError('file-unreadable', why, place);
  });
  await move(whole, place);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
