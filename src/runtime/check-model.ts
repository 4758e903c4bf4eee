/**
 * Looks through a model without running it: its tokenizer belongs to it, its graph can be read, its adapter fits its base. What only shows
 * when it is run (too little memory, an operator that is not known) is said when it is loaded.
 */

import { readFile, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { adaptableTensors, adaptExport } from '../graph/adapt-export.ts';
import { modelToBuild, openModel } from '../graph/build-model.ts';
import { mergeProducts } from '../graph/merge-products.ts';
import { invalidModel } from '../graph/model-error.ts';
import type { OnnxModel } from '../graph/onnx.ts';
import { readOnnx } from '../graph/onnx-read.ts';
import { withAdapters } from '../graph/open-adapters.ts';
import { ChorusError } from '../protocol/failure.ts';
import { readParts } from './expert.ts';
import type { ExpertLayout } from './layout.ts';

/** Rejects with a `ChorusError` that names the file at fault and the remedy. */
export async function checkModel(layout: ExpertLayout, cacheFolder: string): Promise<void> {
  await readParts(basename(layout.folder), layout);
  const { format, graph, adapter } = layout;
  const adapters = [adapter?.folder ?? null];
  if (format !== 'onnx') {
    const { source } = await openModel(modelToBuild({ ...layout, format, cacheFolder }));
    await withAdapters(adapters, source.tensors, async () => {}).finally(() => source.close());
    return;
  }
  const model = await readGraph(graph);
  if (model.nodes.length === 0) throw invalidModel(graph, 'its graph computes nothing');
  if (adapter === undefined) return;
  const merged = mergeProducts(model);
  const adapted = await withAdapters(adapters, adaptableTensors(merged), (opened) =>
    adaptExport(merged, opened),
  );
  if (adapted.kind === 'adapted') return;
  throw new ChorusError(
    'unsupported',
    `${adapter.folder} cannot be an adapter of ${graph}: ${adapted.reason}. Use its base as safetensors or GGUF, or another export of it.`,
    adapter.folder,
  );
}

async function readGraph(graph: string): Promise<OnnxModel> {
  try {
    return readOnnx(await readFile(await realpath(graph)), basename(graph), graph);
  } catch (thrown) {
    if (thrown instanceof ChorusError) throw thrown;
    throw invalidModel(graph, `it cannot be read as ONNX (${String(thrown).slice(0, 200)})`);
  }
}
