/**
 * Keys and values of one context that stay in a device's memory. Going back is a slice made on the device, when the next tokens
 * come; contexts that begin alike share what they have until then.
 */

import * as ort from 'onnxruntime-node';
import { createGraphDraft } from '../graph/graph-draft.ts';
import { elementTypes } from '../graph/onnx.ts';
import { writeOnnx } from '../graph/onnx-write.ts';
import type { Memory } from './decoder.ts';

export type KvTensors = Readonly<Record<string, ort.Tensor>>;

/** What the past of an export is: its inputs, each float32 [1, heads, positions, headDim]. */
export interface KvShape {
  readonly names: readonly string[];
  readonly heads: number;
  readonly headDim: number;
}

export interface DeviceMemory extends Memory {
  fork(kept: number): DeviceMemory;
  /** The past, exactly `length` positions, by input name; while the thread is alone with the device. */
  past(): Promise<KvTensors>;
  /** Takes over the tensors of a run, `total` positions each. */
  replace(tensors: KvTensors, total: number): void;
  dispose(): void;
}

export interface DeviceWork {
  /** The first `ends` positions of every tensor. */
  readonly slice: (tensors: KvTensors, ends: number) => Promise<KvTensors>;
  /** Takes tensors that nobody needs any more. */
  readonly leave: (tensors: KvTensors) => void;
}

/** Tensors with the number of contexts that hold them. */
interface Held {
  readonly tensors: KvTensors;
  readonly positions: number;
  users: number;
}

export function createDeviceMemory(shape: KvShape, { slice, leave }: DeviceWork): DeviceMemory {
  const nothing: Held = { tensors: emptyPast(shape), positions: 0, users: Number.POSITIVE_INFINITY };
  return memoryOf(nothing, 0);

  function memoryOf(from: Held, count: number): DeviceMemory {
    let held = from;
    let length = count;
    const hold = (next: Held, total: number): void => {
      const before = held;
      held = next;
      length = total;
      before.users--;
      if (before.users === 0) leave(before.tensors);
    };
    return {
      get length() {
        return length;
      },
      get bytes() {
        return 4 * shape.names.length * shape.heads * shape.headDim * held.positions;
      },
      truncate(kept) {
        if (kept > length) throw new RangeError(`${kept} tokens of ${length} cannot be kept`);
        length = kept;
      },
      fork(kept) {
        if (kept > length) throw new RangeError(`${kept} tokens of ${length} cannot be kept`);
        held.users++;
        return memoryOf(held, kept);
      },
      async past() {
        if (length === 0) hold(nothing, 0);
        if (length < held.positions) {
          const kept = length;
          hold({ tensors: await slice(held.tensors, kept), positions: kept, users: 1 }, kept);
        }
        return held.tensors;
      },
      replace(tensors, total) {
        hold({ tensors, positions: total, users: 1 }, total);
      },
      dispose: () => hold(nothing, 0),
    };
  }
}

function emptyPast({ names, heads, headDim }: KvShape): KvTensors {
  const none = (): ort.Tensor => new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, headDim]);
  return Object.fromEntries(names.map((name) => [name, none()]));
}

/** A graph of slices alone, run where `options` says, with its results left there. */
export async function createSlicer(
  { names, heads, headDim }: KvShape,
  options: ort.InferenceSession.SessionOptions,
): Promise<Pick<DeviceWork, 'slice'> & { release(): Promise<void> }> {
  const draft = createGraphDraft();
  const { float, int64 } = elementTypes;
  draft.inputs.push({ name: 'ends', type: int64, shape: [1] });
  for (const name of names) {
    const kept = `${name}.kept`;
    draft.inputs.push({ name, type: float, shape: [1, heads, 'positions', headDim] });
    draft.outputs.push({ name: kept, type: float, shape: [1, heads, 'kept', headDim] });
    draft.add('Slice', [name, draft.int64(0), 'ends', draft.int64(2)], kept);
  }
  const model = writeOnnx({ irVersion: 10, opsets: [{ domain: '', version: 21 }], ...draft });
  const session = await ort.InferenceSession.create(model, {
    ...options,
    preferredOutputLocation: 'gpu-buffer',
  });
  return {
    async slice(tensors, ends) {
      const results = await session.run({
        ...tensors,
        ends: new ort.Tensor('int64', BigInt64Array.of(BigInt(ends)), [1]),
      });
      return Object.fromEntries(names.map((name) => [name, results[`${name}.kept`] as ort.Tensor]));
    },
    release: () => session.release(),
  };
}
