/** A model from a hub: its files, several at once, each moved to its place when it is verified. */

import { stat } from 'node:fs/promises';
import { type HubFile, type HubSource, storedFiles } from '../models/catalog.ts';
import { checkRoom } from './disk.ts';
import { downloadFile } from './download.ts';
import { byteProgress } from './progress.ts';
import { usualPatience } from './settings.ts';
import type { SourceRun } from './source-run.ts';

const FILES_AT_ONCE = 3;

export async function fetchFromHub(source: HubSource, run: SourceRun): Promise<void> {
  const { staging, settings, connections, onProgress } = run;
  const missing: { readonly file: HubFile; readonly at: number }[] = [];
  const stored = storedFiles(source);
  const sizes = stored.map(({ size }) => size);
  const there = new Array<number>(stored.length).fill(0);
  for (const [at, file] of source.files.entries()) {
    const target = stored[at];
    if (target === undefined) continue;
    if (await staging.has(target)) there[at] = target.size;
    else {
      missing.push({ file, at });
      there[at] = Math.min(target.size, await sizeOf(staging.part(target)));
    }
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  const bytes = sum(sizes) - sum(there);
  onProgress({ kind: 'source', source, from: new URL(settings.hub).origin, bytes });
  await checkRoom(staging.folder, bytes);

  const tell = byteProgress(sum(sizes), onProgress);
  // Its HTTP client takes a tenth of a second to load, which nobody who fetches nothing should wait for.
  const { openHubClient } = await import('./hub-request.ts');
  const client = openHubClient(settings, connections);
  // One that fails ends the others, which would be in vain.
  const failing = new AbortController();
  const signal = AbortSignal.any([run.signal, failing.signal]);
  const next = async (): Promise<void> => {
    for (let one = missing.shift(); one !== undefined; one = missing.shift()) {
      const { file, at } = one;
      const target = stored[at];
      if (target === undefined) continue;
      const part = staging.part(target);
      await downloadFile({
        url: hubAddress(settings.hub, source, file.path),
        name: file.path,
        what: `${source.repository}@${source.revision}: ${file.path}`,
        sha256: file.sha256,
        size: file.size,
        part,
        client,
        patience: { ...usualPatience, ...settings.patience },
        onSize: (size) => {
          there[at] = size;
          tell(sum(there));
        },
        onProgress,
        signal,
      });
      await staging.put(target, part);
    }
  };
  try {
    const workers = Array.from({ length: FILES_AT_ONCE }, () =>
      next().catch((thrown: unknown) => {
        failing.abort(thrown);
        throw thrown;
      }),
    );
    const outcomes = await Promise.allSettled(workers);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    // The first that failed, not one that was ended for it.
    if (failed !== undefined) throw failing.signal.reason;
  } finally {
    await client.close();
  }
}

/** `https://hub/owner/name/resolve/REVISION/PATH` */
export function hubAddress(hub: string, { repository, revision }: HubSource, path: string): URL {
  const parts = [...repository.split('/'), 'resolve', revision, ...path.split('/')];
  return new URL(`${hub.replace(/\/+$/, '')}/${parts.map(encodeURIComponent).join('/')}`);
}

function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
