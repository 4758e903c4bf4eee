/**
 * Runs a decoder on a device that can keep its results (WebGPU): what comes back as keys and values goes in again at the next run
 * without having left the device; logits alone come to JavaScript.
 */

import * as ort from 'onnxruntime-node';
import { type DecodeGraph, names } from '../graph/decode-graph.ts';
import { keptForm, keptNames } from '../graph/kept-form.ts';
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
import { counting, int64 } from './tensors.ts';
import type { GraphOrder } from './worker-messages.ts';

/**
 * Tokens of a run where it is not known that longer ones are right: for 32 or more ONNX Runtime 1.30 takes another kernel of attention,
 * which gives other logits on SwiftShader and the CPU's on an NVIDIA H200.
 */
const SAFE_RUN = 24;

type SessionOptions = ort.InferenceSession.SessionOptions;

/** A graph that takes the past and gives the present. */
interface CachingGraph {
  readonly session: ort.InferenceSession;
  /** Names of inputs with those of outputs. */
  readonly presentOfPast: ReadonlyMap<string, string>;
  readonly heads: number;
  readonly headDim: number;
  /** Its logits come for the tokens that are asked for alone, so that a run may be long. */
  readonly takesLonger: boolean;
  /** Of its layers, as far as they are known. */
  readonly windows: readonly number[];
  /** What it reads besides the past; its logits are those of the last `rows` tokens, or of more. */
  feeds(past: number, tokens: Int32Array, rows: number): Record<string, ort.Tensor>;
}

export interface DeviceOptions {
  /** Of a device whose results can be left in its memory. */
  readonly session: SessionOptions;
  readonly lock: DeviceLock;
  /** Most tokens of a run, where longer ones than `SAFE_RUN` were compared with the CPU's. */
  readonly longestRun?: number | undefined;
  /** Columns of the logits. */
  readonly vocabulary: number;
}

/** A graph of decode-graph.ts for one expert, in its form for devices. */
export async function openKeptForm(
  graph: DecodeGraph,
  options: DeviceOptions,
): Promise<Decoder<DeviceMemory>> {
  const { layers, kvHeads, headDim, wantsPositions } = graph.shape;
  const windows = [...new Set(graph.shape.windows)].filter((window) => window !== null);
  const presentOfPast = new Map<string, string>();
  for (let layer = 0; layer < layers; layer++) {
    for (const part of ['key', 'value'] as const)
      presentOfPast.set(names.past(layer, part), keptNames.present(layer, part));
  }
  return openCaching(options, async () => ({
    session: await ort.InferenceSession.create(
      keptForm(graph),
      keeping(options, [...presentOfPast.values()]),
    ),
    presentOfPast,
    heads: kvHeads,
    headDim,
    takesLonger: true,
    windows,
    feeds(past, tokens, rows) {
      const count = tokens.length;
      const feeds: Record<string, ort.Tensor> = {
        [names.tokens]: int64(tokens, [1, count]),
        [names.logitRows]: int64(counting(count - rows, rows), [rows]),
        [keptNames.last]: new ort.Tensor('int32', Int32Array.of(past + count - 1), [1]),
        [keptNames.total]: new ort.Tensor('int32', Int32Array.of(past + count), []),
      };
      if (wantsPositions) feeds[names.positions] = int64(counting(past, count), [1, count]);
      return feeds;
    },
  }));
}

/** An export as it is; its logits come for all tokens of a run. */
export async function openExportOnDevice(
  order: GraphOrder,
  options: DeviceOptions,
): Promise<Decoder<DeviceMemory>> {
  const { presentKey, presentValue } = order.kvNames;
  const presents = counting(0, order.layers).flatMap((layer) =>
    [presentKey, presentValue].map((name) => name.replace('%d', String(layer))),
  );
  return openCaching(options, async () => {
    const session = await ort.InferenceSession.create(order.graph, keeping(options, presents));
    const cache = describeCache(session, order);
    checkOthers(session, order, cache.presentOfPast);
    return {
      session,
      ...cache,
      takesLonger: false,
      windows: [],
      feeds: (past, tokens) => exportFeeds(session, past, tokens),
    };
  });
}

function keeping({ session }: DeviceOptions, outputs: readonly string[]): SessionOptions {
  return {
    ...session,
    preferredOutputLocation: Object.fromEntries(outputs.map((name) => [name, 'gpu-buffer'])),
  };
}

async function openCaching(
  { session: options, lock, longestRun = SAFE_RUN, vocabulary }: DeviceOptions,
  open: () => Promise<CachingGraph>,
): Promise<Decoder<DeviceMemory>> {
  const { graph, shape, slicer } = await alone(lock, async () => {
    const opened = await open();
    const { presentOfPast, heads, headDim } = opened;
    const kept: KvShape = { names: [...presentOfPast.keys()], heads, headDim };
    return { graph: opened, shape: kept, slicer: await createSlicer(kept, options) };
  });
  const { session, presentOfPast, windows } = graph;
  /** Freed when this thread is next alone with the device: freeing is work for it too. */
  let unused: KvTensors[] = [];
  const free = (): void => {
    for (const tensors of unused) for (const tensor of Object.values(tensors)) tensor.dispose();
    unused = [];
  };

  return {
    window: windows.length === 0 ? undefined : Math.max(...windows),
    longestRun,
    takesLonger: graph.takesLonger,
    createMemory: () =>
      createDeviceMemory(shape, { slice: slicer.slice, leave: (left) => unused.push(left) }),
    runEnd: (from, to, most = longestRun) => Math.min(to, from + Math.min(most, longestRun)),
    feed: (memory, tokens, rows) =>
      alone(lock, async () => {
        const total = memory.length + tokens.length;
        const past = await memory.past();
        const results = await session.run({ ...past, ...graph.feeds(memory.length, tokens, rows) });
        const present: Record<string, ort.Tensor> = {};
        for (const [name, from] of presentOfPast) present[name] = results[from] as ort.Tensor;
        memory.replace(present, total);
        free();
        for (const [name, { location }] of Object.entries(present)) {
          if (location !== 'gpu-buffer') throw new Error(`'${name}' did not stay on the device`);
        }
        const { data, columns } = logitsOf(results);
        if (columns !== vocabulary)
          throw new Error(`it gives logits for ${columns} tokens, not ${vocabulary}`);
        return data.subarray(data.length - rows * columns);
      }),
    release: () =>
      alone(lock, async () => {
        free();
        await slicer.release();
        await session.release();
      }),
  };
}
