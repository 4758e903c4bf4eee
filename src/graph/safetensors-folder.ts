/**
 * The weights of a model folder: `model.safetensors`, or several files listed in `model.safetensors.index.json`. The list comes
 * from outside: it may name plain files of the same folder and nothing else.
 */

import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../models/json.ts';
import { invalidModel, quoted } from './model-error.ts';
import { openSafetensors } from './safetensors.ts';
import type { TensorInfo, TensorSource } from './tensor-source.ts';

const MEBIBYTE = 1024 * 1024;
/** Each stays open while the model is read. */
const MOST_SHARDS = 500;
const plainName = /^[\w][\w.-]*\.safetensors$/;

/** Kept as it is: tensors are looked up by entries, so no name can reach an object's own members. */
function isNames(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((shard) => typeof shard === 'string');
}

const indexSchema = v.looseObject({
  weight_map: v.custom<Readonly<Record<string, string>>>(isNames, 'must map tensors to names of files'),
});

/** Opens the weights in `folder`; the single file goes before the list. */
export async function openSafetensorsFolder(folder: string): Promise<TensorSource> {
  const single = join(folder, 'model.safetensors');
  const hasSingle = await stat(single).then(
    () => true,
    () => false,
  );
  const file = join(folder, 'model.safetensors.index.json');
  const index = hasSingle
    ? undefined
    : await readJson(file, indexSchema, { limit: 64 * MEBIBYTE, optional: true });
  if (index === undefined) return openSafetensors(single);

  const places = Object.entries(index.weight_map);
  const shards = new Set(places.map(([, shard]) => shard));
  if (shards.size > MOST_SHARDS) {
    throw invalidModel(file, `it names ${shards.size} files, and a model has at most ${MOST_SHARDS}`);
  }
  const opened = new Map<string, TensorSource>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((source) => source.close()));
  };
  try {
    for (const shard of shards) opened.set(shard, await openShard(folder, file, shard));
    return joined(file, places, opened, close);
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function openShard(folder: string, file: string, shard: string): Promise<TensorSource> {
  if (!plainName.test(shard)) {
    throw invalidModel(file, `it names ${quoted(shard)}, which is not the name of a file beside it`);
  }
  const path = join(folder, shard);
  const home = await realpath(folder);
  const real = await realpath(path).catch(() => join(home, shard));
  if (dirname(real) !== home) {
    throw invalidModel(file, `it names ${quoted(shard)}, a link that leads out of the folder`);
  }
  return openSafetensors(path);
}

function joined(
  file: string,
  places: readonly (readonly [string, string])[],
  opened: ReadonlyMap<string, TensorSource>,
  close: () => Promise<void>,
): TensorSource {
  const tensors = new Map<string, TensorInfo>();
  const holders = new Map<string, TensorSource>();
  for (const [name, shard] of places) {
    const holder = opened.get(shard);
    const info = holder?.tensors.get(name);
    if (holder === undefined || info === undefined) {
      throw invalidModel(file, `it looks for the tensor ${quoted(name)} in ${quoted(shard)}, which has none`);
    }
    tensors.set(name, info);
    holders.set(name, holder);
  }
  return {
    tensors,
    readFloat32: async (name) => {
      const holder = holders.get(name);
      if (holder === undefined) throw invalidModel(file, `it has no tensor ${quoted(name)}`);
      return holder.readFloat32(name);
    },
    close,
  };
}
