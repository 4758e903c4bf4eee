/**
 * Opens a decoder for a model's graph: rewritten so that nothing of the past is copied at a token where the graph is
 * understood, as it was exported elsewhere, and then with the reason.
 */

import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as ort from 'onnxruntime-node';
import { adaptableTensors, adaptExport } from '../graph/adapt-export.ts';
import { buildModel } from '../graph/build-model.ts';
import type { DecodeGraph } from '../graph/decode-graph.ts';
import { readOnnx } from '../graph/onnx-read.ts';
import { withAdapters } from '../graph/open-adapters.ts';
import { type Rewritten, rewriteExport } from '../graph/rewrite-export.ts';
import { ChorusError } from '../protocol/failure.ts';
import type { Decoder } from './decoder.ts';
import { createExportDecoder } from './export-decoder.ts';
import { graphError, loadError, vocabularyError } from './graph-errors.ts';
import { createSegmentDecoder } from './segment-decoder.ts';
import type { LoadOrder } from './worker-messages.ts';

export interface OpenedDecoder {
  readonly decoder: Decoder;
  /** Why the export is run as it is; undefined where it was rewritten. */
  readonly asExported: string | undefined;
}

/** @param onProgress called with values rising in [0, 1] while a graph is built */
export async function openDecoder(
  order: LoadOrder,
  onProgress: (progress: number) => void,
): Promise<OpenedDecoder> {
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

function hasAdapters({ adapters }: LoadOrder): boolean {
  return adapters.some((adapter) => adapter !== null);
}

function noBase({ graph }: LoadOrder, reason: string): ChorusError {
  return new ChorusError(
    'unsupported',
    `${graph} cannot be the base of adapters, as its graph is not understood: ${reason}. Use the same model as safetensors or GGUF, or another export of it.`,
    graph,
  );
}

async function rewrittenGraph(order: LoadOrder): Promise<Rewritten> {
  if (order.keepExport) return { kind: 'refused', reason: 'it was asked for' };
  try {
    const file = await realpath(order.graph);
    const model = readOnnx(await readFile(file), basename(file), order.graph);
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

async function openRewritten(order: LoadOrder, graph: DecodeGraph): Promise<Decoder> {
  const { shape } = graph;
  if (shape.layers !== order.layers) {
    throw graphError(order, `it has ${shape.layers} layers, its config says ${order.layers}`);
  }
  if (shape.vocabulary !== order.vocabularyRows) throw vocabularyError(order, shape.vocabulary);
  const { threads, contextLength } = order;
  return openGraph(graph, { folder: dirname(await realpath(order.graph)), threads, contextLength });
}

async function openBuilt(
  order: LoadOrder,
  format: 'safetensors' | 'gguf',
  onProgress: (progress: number) => void,
): Promise<Decoder> {
  const { cacheFolder, contextLength, precision, threads } = order;
  const model = {
    format,
    folder: order.folder,
    weightsFile: order.graph,
    cacheFolder,
    precision: precision === 'fp32' ? 'fp32' : 'q4',
    contextLength,
    onProgress,
  } as const;
  const { graph, folder } = await buildModel(model, order.adapters);
  try {
    return await openGraph(graph, { folder, threads, contextLength });
  } catch (thrown) {
    throw loadError(order, thrown);
  }
}

/** Opens a graph of Chorus's own form whose weights are in files of `folder`. */
export async function openGraph(
  { model, shape }: DecodeGraph,
  options: { readonly folder: string; readonly threads: number; readonly contextLength: number },
): Promise<Decoder> {
  const session = await ort.InferenceSession.create(model, {
    ...sessionOptions(options.threads),
    // Shapes change with every block; remembering an allocation plan for each would only grow.
    enableMemPattern: false,
    extra: { session: { ...threading, model_external_initializers_file_folder_path: options.folder } },
  });
  return createSegmentDecoder(session, shape, options.contextLength);
}

async function openExport(order: LoadOrder): Promise<Decoder> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(order.graph, {
      ...sessionOptions(order.threads),
      extra: { session: threading },
    });
  } catch (thrown) {
    throw loadError(order, thrown);
  }
  return createExportDecoder(session, order);
}

const threading = { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } };

export function sessionOptions(threads: number): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    logSeverityLevel: 4,
  };
}
