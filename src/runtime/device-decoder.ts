/**
 * Runs an export as it is on a device that can keep its results (WebGPU): what comes back as keys and values goes in again at the
 * next run without having left the device; logits alone come to JavaScript.
 */

import * as ort from 'onnxruntime-node';
import { type Decoder, logitsOf } from './decoder.ts';
import { alone, type DeviceLock } from './device-lock.ts';
import {
  createDeviceMemory,
  createSlicer,
  type DeviceMemory,
  type KvShape,
  type KvTensors,
} from './device-memory.ts';
import { checkOthers, describeCache, exportFeeds } from './export-decoder.ts';
import { vocabularyError } from './graph-errors.ts';
import { CHUNK, type GraphOrder } from './worker-messages.ts';

export interface DeviceOptions {
  /** Of a device whose results can be left in its memory. */
  readonly session: ort.InferenceSession.SessionOptions;
  readonly lock: DeviceLock;
}

export async function openDeviceDecoder(
  order: GraphOrder,
  { session: options, lock }: DeviceOptions,
): Promise<Decoder<DeviceMemory>> {
  const opened = await alone(lock, async () => {
    const session = await ort.InferenceSession.create(order.graph, {
      ...options,
      preferredOutputLocation: Object.fromEntries(presentNames(order).map((name) => [name, 'gpu-buffer'])),
    });
    const { presentOfPast, heads, headDim } = describeCache(session, order);
    checkOthers(session, order, presentOfPast);
    const shape: KvShape = { names: [...presentOfPast.keys()], heads, headDim };
    return { session, presentOfPast, shape, slicer: await createSlicer(shape, options) };
  });
  const { session, presentOfPast, shape, slicer } = opened;
  /** Freed when this thread is next alone with the device: freeing is work for it too. */
  let unused: KvTensors[] = [];
  const free = (): void => {
    for (const tensors of unused) for (const tensor of Object.values(tensors)) tensor.dispose();
    unused = [];
  };

  return {
    createMemory: () =>
      createDeviceMemory(shape, { slice: slicer.slice, leave: (left) => unused.push(left) }),
    runEnd: (from, to) => from + ((to - from) % CHUNK || CHUNK),
    feed: (memory, tokens, rows) =>
      alone(lock, async () => {
        const total = memory.length + tokens.length;
        const past = await memory.past();
        const results = await session.run({ ...past, ...exportFeeds(session, memory.length, tokens) });
        const present: Record<string, ort.Tensor> = {};
        for (const [name, from] of presentOfPast) present[name] = results[from] as ort.Tensor;
        memory.replace(present, total);
        free();
        for (const [name, { location }] of Object.entries(present)) {
          if (location !== 'gpu-buffer') throw new Error(`'${name}' did not stay on the device`);
        }
        const { data, columns } = logitsOf(results);
        if (columns !== order.vocabularyRows) throw vocabularyError(order, columns);
        return data.subarray((tokens.length - rows) * columns);
      }),
    release: () =>
      alone(lock, async () => {
        free();
        await slicer.release();
        await session.release();
      }),
  };
}

function presentNames({ layers, kvNames: { presentKey, presentValue } }: GraphOrder): string[] {
  return Array.from({ length: layers }, (_, layer) =>
    [presentKey, presentValue].map((name) => name.replace('%d', String(layer))),
  ).flat();
}
