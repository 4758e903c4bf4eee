/** Writes models that are on this machine into one archive. Nothing is packed smaller: weights do not shrink. */

import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type FetchedModel, storedFiles } from '../models/catalog.ts';
import { sha256Of, syncFile } from '../models/stored-file.ts';
import { placeOf, storedFrom } from '../models/stored-model.ts';
import { ChorusError } from '../protocol/failure.ts';
import { entryOf, MANIFEST_ENTRY } from './bundle.ts';
import { checkRoom, move, onDisk } from './disk.ts';
import { byteProgress, type OnFetchProgress } from './progress.ts';

export interface ExportOptions {
  /** Of all fetched models. */
  readonly folder: string;
  /** Whether a file that is there goes; otherwise it is an error. */
  readonly replace: boolean;
  readonly onProgress?: OnFetchProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The archive has its name when it is whole. Rejects with a `ChorusError`: `file-missing` where a model is not on this machine,
 * `file-unreadable` where one is damaged or the archive cannot be written, `disk-full`, `cancelled`.
 */
export async function exportBundle(
  models: readonly FetchedModel[],
  target: string,
  { folder, replace, onProgress = () => {}, signal }: ExportOptions,
): Promise<void> {
  const archive = resolve(target);
  if (!replace && (await exists(archive))) {
    const why = `${archive} is there already. Name another file, or remove it first.`;
    throw new ChorusError('file-unreadable', why, archive);
  }
  const packed = await Promise.all(models.map((model) => packedOf(model, folder)));
  const files = packed.flatMap(({ model, files: some }) => some.map((file) => ({ model, ...file })));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  await checkRoom(dirname(archive), bytes, 'The bundle');
  onProgress({ kind: 'verifying' });
  for (const { place, sha256, path, model } of files) {
    if ((await sha256Of(place, signal).catch(stopped(signal))) === sha256) continue;
    const why = `${path} of ${model.name} is not what was fetched: it was changed or is damaged. Remove the model and fetch it again.`;
    throw new ChorusError('file-unreadable', why, place);
  }
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  const manifest = {
    bundle: 1,
    models: packed.map(({ model, source }) => ({ ...model, sources: [source] })),
  };
  zip.addBuffer(Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`), MANIFEST_ENTRY, {
    compress: false,
  });
  for (const { model, path, place } of files) zip.addFile(place, entryOf(model, path), { compress: false });
  zip.end();
  const draft = `${archive}.${randomUUID()}.part`;
  try {
    const tell = byteProgress(bytes, onProgress);
    const counting = counted((written) => tell(Math.min(bytes, written)));
    // A file that cannot be read is told by the archive, not by its stream.
    const broken = new AbortController();
    zip.on('error', (thrown) => broken.abort(thrown));
    const ending = signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]);
    const remedy = 'Check the permissions of its folder, or choose another file.';
    const written = pipeline(zip.outputStream, counting, createWriteStream(draft, { flags: 'wx' }), {
      signal: ending,
    }).catch((thrown: unknown) => {
      if (!broken.signal.aborted) throw thrown;
      const why = broken.signal.reason instanceof Error ? broken.signal.reason.message : String(thrown);
      throw new ChorusError(
        'file-unreadable',
        `A file of the models cannot be read: ${why}. Fetch the model again.`,
      );
    });
    await onDisk(archive, written, remedy);
    await onDisk(archive, syncFile(draft), remedy);
    await onDisk(archive, move(draft, archive), remedy);
  } catch (thrown) {
    await rm(draft, { force: true });
    return stopped(signal)(thrown);
  }
}

interface Packed {
  readonly model: FetchedModel;
  readonly source: FetchedModel['sources'][number];
  readonly files: readonly { path: string; place: string; sha256: string; size: number }[];
}

async function packedOf(model: FetchedModel, folder: string): Promise<Packed> {
  const source = await storedFrom(folder, model);
  if (source === undefined) {
    const why = `${model.name} is not on this machine, so it cannot be exported. Fetch it first (chorus models fetch ${model.id}).`;
    throw new ChorusError('file-missing', why, placeOf(folder, model));
  }
  const files = storedFiles(source).map((file) => ({
    ...file,
    place: join(placeOf(folder, model), file.path),
  }));
  return { model, source, files };
}

function stopped(signal: AbortSignal | undefined): (thrown: unknown) => never {
  return (thrown) => {
    if (signal?.aborted)
      throw new ChorusError('cancelled', 'The export was cancelled; nothing is left of it.');
    throw thrown;
  };
}

function counted(onBytes: (written: number) => void): Transform {
  let written = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      onBytes(written);
      done(null, chunk);
    },
  });
}

function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
