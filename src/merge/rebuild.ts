/** Rebuilds one expert from an EMR merge: base + scale (mask * elected), base being the merged model less the elected vector. */

import { join } from 'node:path';
import * as v from 'valibot';
import { floatsAndBytes, openSafetensors } from '../graph/safetensors.ts';
import { type TensorInfo, type TensorSource, valueCount } from '../graph/tensor-source.ts';
import { readJson } from '../models/json.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { MergeReport } from '../protocol/merge.ts';
import { maskBytes, rebuild } from './emr.ts';
import { electedName, emrFile, maskName, scalesName } from './emr-files.ts';
import { openInput } from './inputs.ts';
import { type FolderOptions, makeModelFolder } from './model-folder.ts';
import type { Recipe, StoredType } from './recipe.ts';

export interface RebuildOptions extends FolderOptions {
  /** The folder that was made with `merge_method: emr`. */
  readonly folder: string;
  /** Which of its experts, by the name in its chorus.json. */
  readonly expert: string;
}

const manifestSchema = v.looseObject({
  merge: v.looseObject({
    merge_method: v.literal('emr'),
    base_model: v.optional(v.string()),
    completions: v.optional(v.array(v.unknown()), []),
    experts: v.pipe(v.array(v.pipe(v.string(), v.maxLength(4096))), v.minLength(1), v.maxLength(1000)),
  }),
});

export async function rebuildExpert(options: RebuildOptions): Promise<MergeReport> {
  const { folder, expert } = options;
  const { merge } = await readJson(join(folder, 'chorus.json'), manifestSchema);
  const task = merge.experts.indexOf(expert);
  if (task === -1) {
    throw new ChorusError(
      'request-invalid',
      `${folder} was merged from ${merge.experts.join(', ').slice(0, 500)}; there is no ${expert.slice(0, 200)} in it. Name one of them.`,
      folder,
    );
  }
  const merged = await openInput(folder, { folderOf: () => folder, folders: [] });
  try {
    const file = join(folder, emrFile);
    const emr = await openSafetensors(file, floatsAndBytes);
    try {
      const recipe: Recipe = {
        method: 'emr',
        base: merge.base_model,
        models: [{ model: expert, parameters: {} }],
        slices: [],
        parameters: {},
        type: undefined,
        tokenizer: undefined,
        notes: [],
      };
      const completion = merge.completions[task];
      return await rebuildInto(options, { recipe, merged, emr, file, task, completion });
    } finally {
      await emr.close();
    }
  } finally {
    await merged.source.close();
  }
}

interface Opened {
  readonly recipe: Recipe;
  readonly merged: Awaited<ReturnType<typeof openInput>>;
  readonly emr: TensorSource;
  readonly file: string;
  readonly task: number;
  readonly completion: unknown;
}

async function rebuildInto(
  options: RebuildOptions,
  { recipe, merged, emr, file, task, completion }: Opened,
): Promise<MergeReport> {
  const { expert, folder } = options;
  const infos = [...merged.source.tensors.values()];
  for (const { name, shape } of infos) {
    expectTensor(file, emr.tensors.get(electedName(name)), { name: electedName(name), shape });
    const mask = maskName(name, task);
    const bytes = maskBytes(valueCount(shape));
    expectTensor(file, emr.tensors.get(mask), { name: mask, shape: [bytes], type: 'u8' });
  }
  const scale = (await emr.readFloat32(scalesName))[task];
  if (scale === undefined || !Number.isFinite(scale)) {
    throw new ChorusError(
      'model-invalid',
      `${file} has no scale for ${expert}. Merge the experts again.`,
      file,
    );
  }
  const report = await makeModelFolder(options, {
    tensors: infos,
    type: (infos[0]?.type ?? 'f32') as StoredType,
    inputs: [folder],
    result: { recipe, first: merged, tokenizer: merged, seed: 0 },
    described: async () => ({ completion, details: { rebuilt: expert, scale } }),
    async write({ store, step }) {
      for (const { name } of infos) {
        step(name);
        const values = await merged.source.readFloat32(name);
        const elected = await emr.readFloat32(electedName(name));
        const mask = Uint8Array.from(await emr.readFloat32(maskName(name, task)));
        rebuild(values, elected, { mask, scale });
        await store(name, values);
      }
    },
  });
  return { ...report, notes: [] };
}

function expectTensor(
  file: string,
  found: TensorInfo | undefined,
  { name, shape, type }: { readonly name: string; readonly shape: readonly number[]; readonly type?: string },
): void {
  const fits =
    found !== undefined &&
    (type === 'u8') === (found.type === 'u8') &&
    found.shape.length === shape.length &&
    found.shape.every((size, i) => size === shape[i]);
  if (fits) return;
  throw new ChorusError(
    'model-invalid',
    `${file} does not belong to the model beside it: of the tensor '${name.slice(0, 100)}' it has ${found === undefined ? 'nothing' : `another shape, [${found.shape}]`}. Merge the experts again.`,
    file,
  );
}
