/** Runs an export as it is: the whole KV cache goes in and comes out as new tensors at every run. */

import * as ort from 'onnxruntime-node';
import type { ChorusError } from '../protocol/failure.ts';
import { type Decoder, logitsOf, type Memory } from './decoder.ts';
import { graphError, vocabularyError } from './graph-errors.ts';
import { int64 } from './tensors.ts';
import { CHUNK, type GraphOrder } from './worker-messages.ts';

type KvTensors = Readonly<Record<string, ort.Tensor>>;

interface TensorMemory extends Memory {
  /** By past input name; each [1, heads, tokens, headDim]. */
  readonly tensors: KvTensors;
  replace(tensors: KvTensors, length: number): void;
}

/** Checks that the graph has the inputs and outputs of a decoder with KV cache. */
export function createExportDecoder(session: ort.InferenceSession, order: GraphOrder): Decoder<TensorMemory> {
  const { presentOfPast, heads, headDim } = describeCache(session, order);
  const empty = Object.fromEntries(
    [...presentOfPast.keys()].map((name) => [
      name,
      new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, headDim]),
    ]),
  );
  checkOthers(session, order, presentOfPast);

  return {
    createMemory: () => createTensorMemory(empty, empty, 0),
    // Only the first run may be shorter: the last rows come from one.
    runEnd: (from, to) => from + ((to - from) % CHUNK || CHUNK),
    async feed(memory, tokens, rows) {
      const total = memory.length + tokens.length;
      const results = await session.run({
        ...memory.tensors,
        ...exportFeeds(session, memory.length, tokens),
      });
      const { data, columns } = logitsOf(results);
      if (columns !== order.vocabularyRows) throw vocabularyError(order, columns);
      const present: Record<string, ort.Tensor> = {};
      for (const [name, from] of presentOfPast) present[name] = results[from] as ort.Tensor;
      memory.replace(present, total);
      return data.subarray((tokens.length - rows) * columns);
    },
    release: () => session.release(),
  };
}

/** What an export reads besides the past. */
export function exportFeeds(
  session: ort.InferenceSession,
  past: number,
  tokens: Int32Array,
): Record<string, ort.Tensor> {
  const inputs = session.inputNames;
  const feeds: Record<string, ort.Tensor> = {};
  if (inputs.includes('input_ids')) feeds.input_ids = oneRow([...tokens]);
  if (inputs.includes('attention_mask'))
    feeds.attention_mask = oneRow(new Array<number>(past + tokens.length).fill(1));
  if (inputs.includes('position_ids')) feeds.position_ids = oneRow([...tokens.keys()].map((i) => past + i));
  return feeds;
}

function createTensorMemory(empty: KvTensors, from: KvTensors, count: number): TensorMemory {
  let tensors = from;
  let length = count;
  const first = (kept: number): KvTensors =>
    kept === length ? tensors : kept === 0 ? empty : sliceTensors(tensors, kept);
  return {
    get tensors() {
      return tensors;
    },
    get length() {
      return length;
    },
    get bytes() {
      let bytes = 0;
      for (const { data } of Object.values(tensors)) bytes += (data as Float32Array).byteLength;
      return bytes;
    },
    truncate(kept) {
      tensors = first(kept);
      length = kept;
    },
    fork: (kept) => createTensorMemory(empty, first(kept), kept),
    replace(next, total) {
      tensors = next;
      length = total;
    },
  };
}

function sliceTensors(tensors: KvTensors, kept: number): KvTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, sliceTensor(tensor, kept)]),
  );
}

/** The first `kept` positions of a [1, heads, positions, headDim] float32 tensor. */
function sliceTensor(tensor: ort.Tensor, kept: number): ort.Tensor {
  const [, heads = 0, positions = 0, headDim = 0] = tensor.dims;
  const from = tensor.data as Float32Array;
  const to = new Float32Array(heads * kept * headDim);
  for (let h = 0; h < heads; h++) {
    const start = h * positions * headDim;
    to.set(from.subarray(start, start + kept * headDim), h * kept * headDim);
  }
  return new ort.Tensor('float32', to, [1, heads, kept, headDim]);
}

/** The names of the past with those of the present, and the sizes that all layers share. */
export function describeCache(
  session: ort.InferenceSession,
  order: GraphOrder,
): {
  readonly presentOfPast: ReadonlyMap<string, string>;
  readonly heads: number;
  readonly headDim: number;
} {
  const inputs = new Map(session.inputMetadata.map((meta) => [meta.name, meta]));
  const outputs = new Set(session.outputNames);
  const presentOfPast = new Map<string, string>();
  let sizes: { readonly heads: number; readonly headDim: number } | undefined;
  for (let layer = 0; layer < order.layers; layer++) {
    const { pastKey, pastValue, presentKey, presentValue } = order.kvNames;
    for (const [past, present] of [
      [pastKey, presentKey],
      [pastValue, presentValue],
    ] as const) {
      const name = past.replace('%d', String(layer));
      const meta = inputs.get(name);
      const out = present.replace('%d', String(layer));
      if (meta === undefined || !meta.isTensor || !outputs.has(out)) {
        throw graphError(order, `it has no ${meta === undefined ? `input '${name}'` : `output '${out}'`}`);
      }
      if (meta.type !== 'float32')
        throw graphError(order, `its KV cache is ${meta.type}, and only float32 is read`);
      const [, heads, , headDim] = meta.shape;
      if (typeof heads !== 'number' || typeof headDim !== 'number') {
        throw graphError(
          order,
          `the shape of '${name}' is not [batch, heads, past, headDim] with fixed heads`,
        );
      }
      sizes ??= { heads, headDim };
      if (sizes.heads !== heads || sizes.headDim !== headDim)
        throw graphError(order, 'its layers have caches of different sizes');
      presentOfPast.set(name, out);
    }
  }
  if (sizes === undefined) throw graphError(order, 'it has no layers');
  return { presentOfPast, ...sizes };
}

export function checkOthers(
  session: ort.InferenceSession,
  order: GraphOrder,
  presentOfPast: ReadonlyMap<string, string>,
): void {
  const refuse = (what: string): ChorusError => graphError(order, what);
  for (const name of session.inputNames) {
    if (!presentOfPast.has(name) && !['input_ids', 'attention_mask', 'position_ids'].includes(name)) {
      throw refuse(`it wants an input '${name}' that Chorus does not know`);
    }
  }
  const logits = session.outputMetadata.find(({ name }) => name === 'logits');
  if (logits === undefined || !logits.isTensor) throw refuse(`it has no output 'logits'`);
  if (logits.type !== 'float32') throw refuse(`its logits are ${logits.type}, and only float32 is read`);
  const columns = logits.shape[2];
  if (typeof columns === 'number' && columns !== order.vocabularyRows) throw vocabularyError(order, columns);
}

/** [1, values] */
function oneRow(values: readonly number[]): ort.Tensor {
  return int64(values, [1, values.length]);
}
