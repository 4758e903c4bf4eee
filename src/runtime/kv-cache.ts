/**
 * What a session remembers: for a few contexts, the keys and values of every token in them. An entry is found by its
 * longest common prefix with the context asked about; going back is a slice, so a rejected or abandoned token is as if
 * it never was.
 */

import type * as ort from 'onnxruntime-common';

export type KvTensors = Readonly<Record<string, ort.Tensor>>;

export interface KvEntry {
  /** The tokens whose keys and values are held. */
  tokens: Int32Array;
  /** log p(token j | before), NaN where unknown; same length as `tokens`. */
  logProbs: Float64Array;
  /** By past input name; each [1, heads, tokens, headDim]. */
  tensors: KvTensors;
}

export interface KvCache {
  /** The entry that shares most with `context`, and how many tokens. */
  best(context: Int32Array): { readonly entry: KvEntry; readonly shared: number };
  /** An entry holding exactly the first `kept` tokens of `entry`, to go on from. */
  rewind(entry: KvEntry, kept: number): KvEntry;
  bytes(): number;
  forget(): void;
}

/**
 * @param empty the tensors of an empty context
 * @param capacity how many contexts are remembered; the least recently used goes first
 */
export function createKvCache(empty: KvTensors, capacity: number): KvCache {
  // Most recently used first.
  const entries: KvEntry[] = [];

  const remember = (entry: KvEntry, replaced?: KvEntry): void => {
    const others = entries.filter((other) => other !== entry && other !== replaced);
    entries.length = 0;
    entries.push(entry, ...others.slice(0, capacity - 1));
  };

  return {
    best(context) {
      let entry: KvEntry | undefined;
      let shared = -1;
      for (const candidate of entries) {
        const length = commonPrefix(candidate.tokens, context);
        if (length > shared) {
          entry = candidate;
          shared = length;
        }
      }
      entry ??= { tokens: new Int32Array(0), logProbs: new Float64Array(0), tensors: empty };
      return { entry, shared: Math.max(0, shared) };
    },
    rewind(entry, kept) {
      if (kept === entry.tokens.length) {
        remember(entry);
        return entry;
      }
      const shorter: KvEntry = {
        tokens: entry.tokens.slice(0, kept),
        logProbs: entry.logProbs.slice(0, kept),
        tensors: kept === 0 ? empty : sliceTensors(entry.tensors, kept),
      };
      // The same text edited further on replaces its entry; another text is remembered beside it.
      remember(shorter, kept * 2 >= entry.tokens.length ? entry : undefined);
      return shorter;
    },
    forget() {
      entries.length = 0;
    },
    bytes() {
      let bytes = 0;
      for (const { tensors } of entries) {
        for (const tensor of Object.values(tensors)) bytes += (tensor.data as Float32Array).byteLength;
      }
      return bytes;
    },
  };
}

function commonPrefix(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
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
  const Constructor = tensor.constructor as typeof ort.Tensor;
  return new Constructor('float32', to, [1, heads, kept, headDim]);
}
