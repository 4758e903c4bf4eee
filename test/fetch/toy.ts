/** Models to fetch that are made of chosen bytes, and what a fetch of one needs. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FetchProgress } from '../../src/fetch/progress.ts';
import type { FetchSettings } from '../../src/fetch/settings.ts';
import type { FetchedModel, HubFile, ModelSource } from '../../src/models/catalog.ts';
import { modelsFolder } from '../../src/models/stored-model.ts';
import { temporaryFolder } from '../programs.ts';

// A proxy of the environment has no business here.
process.env.no_proxy = '*';
process.env.NO_PROXY = '*';

export type Files = Readonly<Record<string, Uint8Array>>;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes that do not shrink, the same at every run. */
export function noise(size: number, seed: string): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 32) {
    const block = createHash('sha256').update(`${seed} ${at}`).digest();
    bytes.set(block.subarray(0, size - at), at);
  }
  return bytes;
}

export function hubFiles(files: Files): HubFile[] {
  return Object.entries(files).map(([path, bytes]) => ({ path, sha256: sha256(bytes), size: bytes.length }));
}

export function toyModel(...sources: readonly ModelSource[]): FetchedModel {
  return {
    kind: 'fetched',
    id: 'toy',
    name: 'Toy',
    summary: 'Made for a test.',
    family: 'toy',
    licence: { spdx: 'Apache-2.0', link: 'https://www.apache.org/licenses/LICENSE-2.0' },
    parameters: 1,
    contextLength: 1024,
    can: ['chat'],
    sources: [...sources],
  };
}

export function hubModel(files: Files): FetchedModel {
  return toyModel({ kind: 'hub', repository: 'toys/toy', revision: 'main', files: hubFiles(files) });
}

export interface Place {
  readonly cache: string;
  readonly folder: string;
  readonly settings: FetchSettings;
  readonly told: FetchProgress[];
  readonly onProgress: (progress: FetchProgress) => void;
}

/** Where what is synced to the disk does not wait for it: on a busy one that takes seconds. */
export const inMemory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A cache of its own, and no patience with repetitions. */
export function place(change: Partial<FetchSettings> = {}): Place {
  const cache = temporaryFolder(inMemory);
  const told: FetchProgress[] = [];
  return {
    cache,
    folder: modelsFolder(cache),
    told,
    onProgress: (progress) => void told.push(progress),
    settings: {
      hub: 'http://127.0.0.1:9',
      offline: false,
      ledger: join(cache, 'connections.jsonl'),
      // Not so short that a busy machine looks like a hub that stalls.
      patience: { connectMs: 5_000, stallMs: 10_000, backoffMs: 1, retries: 3 },
      ...change,
    },
  };
}

/** The hashes of the model's files by their paths; undefined where its folder is not there. */
export function visible(folder: string): Readonly<Record<string, string>> | undefined {
  const model = join(folder, 'toy');
  if (!existsSync(model)) return undefined;
  const paths = readdirSync(model, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(model.length + 1));
  return Object.fromEntries(
    paths
      .filter((path) => path !== 'chorus.json' && path !== 'fetched.json')
      .map((path) => [path.replaceAll('\\', '/'), sha256(readFileSync(join(model, path)))]),
  );
}

export function hashes(files: Files): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, sha256(bytes)]));
}

export function ledger(
  cache: string,
): { readonly origin: string; readonly result: string; readonly bytes: number }[] {
  const file = join(cache, 'connections.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
