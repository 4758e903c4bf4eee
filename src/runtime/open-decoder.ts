/**
 * Opens a decoder for a model's graph, on a device or on the CPU where that fails. On the CPU: rewritten so that nothing of the past is copied at a token where the graph is
 * understood, as it was exported elsewhere, and then with the reason.
 */

import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as ort from 'onnxruntime-node';
import { adaptableTensors, adaptExport } from '../graph/adapt-export.ts';
import { buildModel, modelToBuild } from '../graph/build-model.ts';
import type { DecodeGraph } from '../graph/decode-graph.ts';
import { withFloatInputs } from '../graph/float-inputs.ts';
import { mergeProducts } from '../graph/merge-products.ts';
import { readOnnx } from '../graph/onnx-read.ts';
import { withAdapters } from '../graph/open-adapters.ts';
import { type Rewritten, rewriteExport } from '../graph/rewrite-export.ts';
import type { Device } from '../protocol/engine.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { Decoder } from './decoder.ts';
import { openExportOnDevice, openKeptForm } from './device-decoder.ts';
import type { DeviceLock } from './device-lock.ts';
import { deviceNames, providersOf } from './devices.ts';
import { createExportDecoder } from './export-decoder.ts';
import { graphError, loadError, vocabularyError } from './graph-errors.ts';
import { createSegmentDecoder } from './segment-decoder.ts';
import { reasonOf } from './self-check.ts';
import type { GraphOrder } from './worker-messages.ts';

export interface OpenedDecoder {
  readonly decoder: Decoder;
  readonly device: Device;
  /** Why it is not the device that was asked for; undefined where it is. */
  readonly deviceReason: string | undefined;
  /** Why the export is run as it is; undefined where it was rewritten. */
  readonly asExported: string | undefined;
}

export interface OnDevice {
  readonly device: Device;
  /** The same for all threads of the process. */
  readonly lock: DeviceLock;
  /** Most tokens of a run that the device was compared for; left out where that is not known. */
  readonly longestRun?: number | undefined;
}

/** @param onProgress called with values rising in [0, 1] while a graph is built */
export async function openDecoder(
  order: GraphOrder,
  on: OnDevice,
  onProgress: (progress: number) => void,
): Promise<OpenedDecoder> {
  const { device } = on;
  if (device === 'cpu') {
    return { ...(await openOnCpu(order, onProgress)), device, deviceReason: undefined };
  }
  try {
    const decoder = await openOnDevice(order, on, onProgress);
    return { decoder, asExported: undefined, device, deviceReason: undefined };
  } catch (thrown) {
    const deviceReason = `${deviceNames[device]} cannot be used: ${reasonOf(thrown)}`;
    return { ...(await openOnCpu(order, onProgress)), device: 'cpu', deviceReason };
  }
}

/**
 * Where a graph runs, and so how it is rounded: on the CPU the inputs of quantised products are; on WebGPU none, where the graph is
 * understood; and none on the CPU as a reference for devices.
 */
export type Place = 'cpu' | 'reference' | OnDevice;

/** Rejects where the device does not open the graph; whether it computes it right is another question (self-check.ts). */
export async function openOnDevice(
  order: GraphOrder,
  on: OnDevice,
  onProgress: (progress: number) => void,
): Promise<Decoder> {
  if (order.format !== 'onnx') return openBuilt(order, order.format, onProgress, on);
  const rewritten = await rewrittenGraph(order);
  return rewritten.kind === 'refused' ? openExport(order, on) : openRewritten(order, rewritten.graph, on);
}

/**
 * What devices are compared with: the CPU, slower than in use, with nothing rounded. Where `rounds`, it is the CPU as in use: an export
 * that is run as it is, or a model of 8 bits, for whose products unrounded ONNX Runtime turns all weights into float32 at every run.
 * Rejects as the CPU does.
 */
export async function openReference(
  order: GraphOrder,
  onProgress: (progress: number) => void,
): Promise<{ readonly decoder: Decoder; readonly rounds: boolean }> {
  if (order.precision === 'q8')
    return { decoder: (await openOnCpu(order, onProgress)).decoder, rounds: true };
  if (order.format !== 'onnx')
    return { decoder: await openBuilt(order, order.format, onProgress, 'reference'), rounds: false };
  const rewritten = await rewrittenGraph(order);
  return rewritten.kind === 'refused'
    ? { decoder: await openExport(order), rounds: true }
    : { decoder: await openRewritten(order, rewritten.graph, 'reference'), rounds: false };
}

export async function openOnCpu(
  order: GraphOrder,
  onProgress: (progress: number) => void,
): Promise<Pick<OpenedDecoder, 'decoder' | 'asExported'>> {
  if (order.format !== 'onnx')
    return { decoder: await openBuilt(order, order.format, onProgress), asExported: undefined };
  const rewritten = await rewrittenGraph(order);
  if (hasAdapters(order)) {
    if (rewritten.kind === 'refused') throw noBase(order, rewritten.reason);
    const decoder = await openRewritten(order, rewritten.graph).catch((thrown: unknown) => {
      throw loadError(order, thrown);
    });
    return { decoder, asExported: undefined };
  }
  if (rewritten.kind === 'refused') {
    return { decoder: await openExport(order), asExported: rewritten.reason };
  }
  try {
    return { decoder: await openRewritten(order, rewritten.graph), asExported: undefined };
  } catch (thrown) {
    const failure = loadError(order, thrown);
    if (failure.failure.code === 'out-of-memory') throw failure;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    // What is wrong may be with the export itself, and then the user reads of that.
    return { decoder: await openExport(order), asExported: why.slice(0, 300) };
  }
}

function hasAdapters({ adapters }: GraphOrder): boolean {
  return adapters.some((adapter) => adapter !== null);
}

function noBase({ graph }: GraphOrder, reason: string): ChorusError {
  return new ChorusError(
    'unsupported',
    `${graph} cannot be the base of adapters, as its graph is not understood: ${reason}. Use the same model as safetensors or GGUF, or another export of it.`,
    graph,
  );
}

async function rewrittenGraph(order: GraphOrder): Promise<Rewritten> {
  if (order.keepExport) return { kind: 'refused', reason: 'it was asked for' };
  try {
    const file = await realpath(order.graph);
    const model = mergeProducts(readOnnx(await readFile(file), basename(file), order.graph));
    if (!hasAdapters(order)) return rewriteExport(model);
    const adapted = await withAdapters(order.adapters, adaptableTensors(model), (adapters) =>
      adaptExport(model, adapters),
    );
    return adapted.kind === 'refused' ? adapted : rewriteExport(adapted.model, order.adapters.length);
  } catch (thrown) {
    if (thrown instanceof ChorusError && hasAdapters(order)) throw thrown;
    if (thrown instanceof ChorusError) return { kind: 'refused', reason: thrown.message };
    return { kind: 'refused', reason: `it cannot be read (${String(thrown).slice(0, 200)})` };
  }
}

async function openRewritten(order: GraphOrder, graph: DecodeGraph, place: Place = 'cpu'): Promise<Decoder> {
  const { shape } = graph;
  if (shape.layers !== order.layers) {
    throw graphError(order, `it has ${shape.layers} layers, its config says ${order.layers}`);
  }
  if (shape.vocabulary !== order.vocabularyRows) throw vocabularyError(order, shape.vocabulary);
  const { threads, contextLength } = order;
  const folder = dirname(await realpath(order.graph));
  return openGraph(graph, { folder, threads, contextLength, place });
}

async function openBuilt(
  order: GraphOrder,
  format: 'safetensors' | 'gguf',
  onProgress: (progress: number) => void,
  place: Place = 'cpu',
): Promise<Decoder> {
  const { contextLength, threads } = order;
  const model = modelToBuild({ ...order, format });
  const { graph, folder } = await buildModel({ ...model, onProgress }, order.adapters);
  try {
    return await openGraph(graph, { folder, threads, contextLength, place });
  } catch (thrown) {
    throw deviceOf(place) === undefined ? loadError(order, thrown) : thrown;
  }
}

/** Opens a graph of Chorus's own form whose weights are in files of `folder`. */
export async function openGraph(
  graph: DecodeGraph,
  {
    folder,
    threads,
    contextLength,
    place = 'cpu',
  }: {
    readonly folder: string;
    readonly threads: number;
    readonly contextLength: number;
    readonly place?: Place;
  },
): Promise<Decoder> {
  const on = deviceOf(place);
  const options = {
    ...sessionOptions(threads, on?.device),
    // Shapes change with every block; remembering an allocation plan for each would only grow.
    enableMemPattern: false,
    extra: { session: { ...threading, model_external_initializers_file_folder_path: folder } },
  };
  if (on?.device === 'webgpu') {
    const { lock, longestRun } = on;
    return openKeptForm(withFloatInputs(graph), {
      session: options,
      lock,
      longestRun,
      vocabulary: graph.shape.vocabulary,
    });
  }
  const { model } = place === 'reference' ? withFloatInputs(graph) : graph;
  const session = await ort.InferenceSession.create(model, options);
  return createSegmentDecoder(session, graph.shape, contextLength);
}

function deviceOf(place: Place): OnDevice | undefined {
  return typeof place === 'string' ? undefined : place;
}

async function openExport(order: GraphOrder, on?: OnDevice): Promise<Decoder> {
  const options = { ...sessionOptions(order.threads, on?.device), extra: { session: threading } };
  if (on?.device === 'webgpu') {
    // Its logits come for every token of a run, so that runs stay short.
    return openExportOnDevice(order, { session: options, lock: on.lock, vocabulary: order.vocabularyRows });
  }
  try {
    return createExportDecoder(await ort.InferenceSession.create(order.graph, options), order);
  } catch (thrown) {
    // Of a device the reason is wanted, not what may be wrong with the file.
    throw on === undefined && !(thrown instanceof ChorusError) ? loadError(order, thrown) : thrown;
  }
}

const threading = { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } };

export function sessionOptions(threads: number, device: Device = 'cpu'): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: providersOf(device),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    logSeverityLevel: 4,
  };
}
