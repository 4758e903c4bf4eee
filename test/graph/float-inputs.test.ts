/** Products that read their inputs as they are, as a device does that is compared with the CPU. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withFloatInputs } from '../../src/graph/float-inputs.ts';
import { intOf } from '../../src/graph/onnx.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import { rewriteExport } from '../../src/graph/rewrite-export.ts';
import { openGraph } from '../../src/runtime/open-decoder.ts';
import { pocket } from '../programs.ts';

const folder = join(pocket('code'), 'onnx');

function graphOf(name: string) {
  const file = join(folder, name);
  const rewritten = rewriteExport(readOnnx(readFileSync(file), name, file));
  if (rewritten.kind === 'refused') throw new Error(rewritten.reason);
  return rewritten.graph;
}

async function logits(name: string, rounding: 'rounded' | 'float'): Promise<Float32Array> {
  const place = rounding === 'float' ? 'reference' : 'cpu';
  const decoder = await openGraph(graphOf(name), { folder, threads: 1, contextLength: 1024, place });
  const tokens = Int32Array.from({ length: 9 }, (_, i) => i * 7);
  const rows = (await decoder.feed(decoder.createMemory(), tokens, 9)).slice();
  await decoder.release();
  return rows;
}

const farthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, z, i) => Math.max(most, Math.abs(z - (b[i] ?? Number.NaN))), 0);

describe('a graph with float inputs', () => {
  it('is the graph that it was but for how its quantised products round', () => {
    const graph = graphOf('model_q4.onnx');
    const [before, after] = [graph, withFloatInputs(graph)].map(({ model }) => readOnnx(model, '', 'graph'));
    const levels = (model: typeof before) =>
      model?.nodes.flatMap((node) =>
        node.operator === 'MatMulNBits' ? [intOf(node, 'accuracy_level', -1)] : [],
      ) ?? [];
    expect(new Set(levels(before))).toEqual(new Set([4]));
    expect(new Set(levels(after))).toEqual(new Set([0]));
    const withoutLevels = (model: typeof before) =>
      model?.nodes.map((node) => [
        node.operator,
        node.inputs,
        node.outputs,
        [...node.attributes].filter(([name]) => name !== 'accuracy_level'),
      ]);
    expect(withoutLevels(after)).toEqual(withoutLevels(before));
    expect(after?.inputs).toEqual(before?.inputs);
    const unquantised = graphOf('model.onnx');
    expect(withFloatInputs(unquantised)).toBe(unquantised);
  });

  it('gives other logits on the CPU where weights are quantised, and the same where they are not', async () => {
    const far = farthest(await logits('model_q4.onnx', 'float'), await logits('model_q4.onnx', 'rounded'));
    expect(far).toBeGreaterThan(0.01);
    expect(far).toBeLessThan(1);
    expect(farthest(await logits('model.onnx', 'float'), await logits('model.onnx', 'rounded'))).toBe(0);
  });
});
