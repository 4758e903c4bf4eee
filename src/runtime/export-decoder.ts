/** Runs an export as it is: the whole KV cache goes in and comes out as new tensors at every run. */

import * as ort from 'onnxruntime-node';
import type { ChorusError } from '../protocol/failure.ts';
import { type Decoder, logitsOf, type Memory } from './decoder.ts';
import { graphError, vocabularyError } from './graph-errors.ts';
import { CHUNK, type LoadOrder } from './worker-messages.ts';

type KvTensors = Readonly<Record<string, ort.Tensor>>;

interface TensorMemory extends Memory {
  /** By past input name; each [1, heads, tokens, headDim]. */
  readonly tensors: KvTensors;
  replace(tensors: KvTensors, length: number): void;
}

/** Checks that the graph has the inputs and outputs of a decoder with KV cache. */
export function createExportDecoder(session: ort.InferenceSession, order: LoadOrder): Decoder<TensorMemory> {
  const inputs = new Set(session.inputNames);
  const { presentOfPast, empty } = describeCache(session, order);
  checkOthers(session, order, presentOfPast);

  return {
    createMemory: () => createTensorMemory(empty, empty, 0),
    // Only the first run may be shorter: the last rows come from one.
    runEnd: (from, to) => from + ((to - from) % CHUNK || CHUNK),
    async feed(memory, tokens, rows) {
      const past = memory.length;
      const total = past + tokens.length;
      const feeds: Record<string, ort.Tensor> = { ...memory.tensors };
      if (inputs.has('input_ids')) feeds.input_ids = int64([...tokens]);
      if (inputs.has('attention_mask')) feeds.attention_mask = int64(new Array<number>(total).fill(1));
      if (inputs.has('position_ids')) feeds.position_ids = int64([...tokens.keys()].map((i) => past + i));
      const results = await session.run(feeds);
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

function describeCache(
  session: ort.InferenceSession,
  order: LoadOrder,
): { readonly presentOfPast: ReadonlyMap<string, string>; readonly empty: KvTensors } {
  const inputs = new Map(session.inputMetadata.map((meta) => [meta.name, meta]));
  const outputs = new Set(session.outputNames);
  const presentOfPast = new Map<string, string>();
  const empty: Record<string, ort.Tensor> = {};
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
      presentOfPast.set(name, out);
      empty[name] = new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, headDim]);
    }
  }
  return { presentOfPast, empty };
}

function checkOthers(
  session: ort.InferenceSession,
  order: LoadOrder,
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
function int64(values: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
}
