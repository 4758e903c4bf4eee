/** Products that read the same input, as one. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeProducts } from '../../src/graph/merge-products.ts';
import { int, type OnnxModel } from '../../src/graph/onnx.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import { rewriteExport } from '../../src/graph/rewrite-export.ts';
import { openGraph } from '../../src/runtime/open-decoder.ts';
import { pocket } from '../programs.ts';

const folder = join(pocket('code'), 'onnx');
const file = join(folder, 'model_q4.onnx');
const model = readOnnx(readFileSync(file), 'model_q4.onnx', file);
const productsOf = ({ nodes }: OnnxModel): number =>
  nodes.filter(({ operator }) => operator === 'MatMulNBits').length;

async function logits(graph: OnnxModel): Promise<Float32Array> {
  const rewritten = rewriteExport(graph);
  if (rewritten.kind === 'refused') throw new Error(rewritten.reason);
  const decoder = await openGraph(rewritten.graph, { folder, threads: 1, contextLength: 1024 });
  const rows = await decoder.feed(
    decoder.createMemory(),
    Int32Array.from({ length: 9 }, (_, i) => i * 7),
    9,
  );
  await decoder.release();
  return rows.slice();
}

describe('products of one input', () => {
  it('become one, and every logit is what it was to the last bit', async () => {
    const merged = mergeProducts(model);
    const layers = model.nodes.filter(({ operator }) => operator === 'GroupQueryAttention').length;
    // Gate and up of each layer.
    expect(productsOf(model) - productsOf(merged)).toBe(layers);
    expect(Buffer.from((await logits(merged)).buffer)).toEqual(Buffer.from((await logits(model)).buffer));
  });

  it('stay apart where they round differently, or have weights that are no constants', () => {
    const isUp = (name: string | undefined): boolean => /up_proj/.test(name ?? '');
    const otherRounding = {
      ...model,
      nodes: model.nodes.map((node) =>
        isUp(node.inputs[1])
          ? { ...node, attributes: new Map(node.attributes).set('accuracy_level', int(1)) }
          : node,
      ),
    };
    const computed = { ...model, tensors: model.tensors.filter(({ name }) => !isUp(name)) };
    for (const apart of [otherRounding, computed]) expect(mergeProducts(apart).nodes).toEqual(apart.nodes);
  });
});
