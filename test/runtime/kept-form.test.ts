/** The form for devices, here on the CPU: the same logits as the form that reads the past in two segments. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { buildModel } from '../../src/graph/build-model.ts';
import { type DecodeGraph, names } from '../../src/graph/decode-graph.ts';
import { keptForm, keptNames } from '../../src/graph/kept-form.ts';
import { int } from '../../src/graph/onnx.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import { rewriteExport } from '../../src/graph/rewrite-export.ts';
import { openGraph, sessionOptions } from '../../src/runtime/open-decoder.ts';
import { tinyModel } from '../graph/tiny-models.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { modelFolder } from './model-folder.ts';
import { placeTiny } from './tiny-build.ts';

interface Placed {
  readonly graph: DecodeGraph;
  readonly folder: string;
}

function rewritten(name: string, window = -1): Placed {
  const file = join(pocket('code'), 'onnx', name);
  const model = readOnnx(readFileSync(file), name, file);
  const nodes = model.nodes.map((node) =>
    node.operator === 'GroupQueryAttention'
      ? { ...node, attributes: new Map(node.attributes).set('local_window_size', int(window)) }
      : node,
  );
  const outcome = rewriteExport({ ...model, nodes });
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return { graph: outcome.graph, folder: dirname(file) };
}

async function built(): Promise<Placed> {
  const folder = await modelFolder();
  return buildModel(
    {
      format: 'safetensors',
      folder,
      weightsFile: join(folder, 'model.safetensors'),
      cacheFolder: temporaryFolder(),
      precision: 'fp32',
      contextLength: 1024,
      onProgress: () => {},
    },
    [null],
  );
}

const text = Int32Array.from({ length: 90 }, (_, i) => (i * 37 + ((i * i) % 11)) % 4000);
const int64 = (values: Iterable<number>, dims: number[]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);

/** The logits of the last `rows` tokens of each run, in the form for devices. */
async function keptRows(
  { graph, folder }: Placed,
  runs: readonly Int32Array[],
  rows: number,
): Promise<Float32Array[]> {
  const { layers, kvHeads, headDim } = graph.shape;
  const session = await ort.InferenceSession.create(keptForm(graph), {
    ...sessionOptions(1),
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
  const all: Float32Array[] = [];
  let past: Record<string, ort.Tensor> = {};
  const caches = Array.from({ length: layers }, (_, layer) =>
    (['key', 'value'] as const).map((part) => [names.past(layer, part), keptNames.present(layer, part)]),
  ).flat() as [string, string][];
  for (const [name] of caches)
    past[name] = new ort.Tensor('float32', new Float32Array(0), [1, kvHeads, 0, headDim]);
  let length = 0;
  for (const tokens of runs) {
    const count = tokens.length;
    const results = await session.run({
      ...past,
      [names.tokens]: int64(tokens, [1, count]),
      [names.positions]: int64(
        tokens.map((_, i) => length + i),
        [1, count],
      ),
      [names.logitRows]: int64(
        Array.from({ length: rows }, (_, i) => count - rows + i),
        [rows],
      ),
      [keptNames.last]: new ort.Tensor('int32', Int32Array.of(length + count - 1), [1]),
      [keptNames.total]: new ort.Tensor('int32', Int32Array.of(length + count), []),
    });
    length += count;
    const logits = results[names.logits];
    expect(logits?.dims).toEqual([1, rows, graph.shape.vocabulary]);
    all.push(logits?.data as Float32Array);
    past = Object.fromEntries(caches.map(([name, present]) => [name, results[present] as ort.Tensor]));
  }
  await session.release();
  return all;
}

async function segmentRows(
  { graph, folder }: Placed,
  runs: readonly Int32Array[],
  rows: number,
): Promise<Float32Array[]> {
  const decoder = await openGraph(graph, { folder, threads: 1, contextLength: 512 });
  const memory = decoder.createMemory();
  const all: Float32Array[] = [];
  for (const tokens of runs) all.push((await decoder.feed(memory, tokens, rows)).slice());
  await decoder.release();
  return all;
}

function largestDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let largest = 0;
  for (const [i, rows] of a.entries())
    for (const [x, z] of rows.entries()) largest = Math.max(largest, Math.abs(z - (b[i]?.[x] ?? Number.NaN)));
  return largest;
}

describe('a graph in its form for devices', () => {
  it.each<[string, () => Placed | Promise<Placed>]>([
    ['a rewritten export', () => rewritten('model.onnx')],
    ['a rewritten export with int4', () => rewritten('model_q4.onnx')],
    ['one built from tensors', built],
    ['a rewritten export whose layers see 40 positions', () => rewritten('model.onnx', 40)],
    ['one of Gemma, some of whose layers see 24 positions', () => placeTiny(tinyModel('gemma3'))],
  ])('gives the logits that %s gives', async (what, make) => {
    const placed = await make();
    const ids = text.map((token) => token % placed.graph.shape.vocabulary);
    const runs = [ids.slice(0, 60), ids.slice(60, 64), ids.slice(64, 90)];
    const expected = await segmentRows(placed, runs, 3);
    // Kernels for int4 round what they see to 8 bits, so that a last bit may become a step of those.
    const tolerance = what.includes('int4') ? 0.2 : 1e-3;
    expect(largestDifference(expected, await keptRows(placed, runs, 3))).toBeLessThan(tolerance);
    const others = [...runs.slice(0, 2), Int32Array.from(ids.slice(64, 90)).fill(7, 0, 1)];
    expect(largestDifference(expected, await keptRows(placed, others, 3))).toBeGreaterThan(tolerance);
  });

  it('is of one expert', () => {
    const { graph } = rewritten('model.onnx');
    expect(() => keptForm({ ...graph, shape: { ...graph.shape, experts: 2 } })).toThrow(RangeError);
  });
});
