/**
 * Builds the decode graph of a model of one of the families in config.ts from its config and tensors, in the form of
 * decode-graph.ts. Weights go tensor by tensor into a file beside the graph. Experts that are adapters of one base are rows of
 * one batch in one graph.
 */

import type { BuiltPrecision } from '../models/layout.ts';
import type { Adapter } from './adapter.ts';
import type { ModelConfig } from './config.ts';
import type { DecodeGraph, DecodeShape } from './decode-graph.ts';
import { names, tokenAxis } from './decode-graph.ts';
import { addFrame } from './decoder-attention.ts';
import { addLayer, addNorm, type Building, rotaryNames, type Stream } from './decoder-layer.ts';
import { createGraphDraft } from './graph-draft.ts';
import {
  addProduct,
  type Bits,
  readBlocksTogether,
  readTensor,
  type StoredMatrix,
  storeFloats,
  storeMatrix,
  type WeightsStore,
} from './linear.ts';
import { unsupportedModel } from './model-error.ts';
import { int, MICROSOFT, type OnnxTensor } from './onnx.ts';
import { writeOnnx } from './onnx-write.ts';
import { rotaryLimit, rotaryTable } from './rotary-table.ts';
import type { TensorSource } from './tensor-source.ts';
import type { WeightsFile } from './weights-file.ts';

export interface BuildOptions {
  /** For error messages. */
  readonly file: string;
  readonly config: ModelConfig;
  /** Named as Hugging Face names them. */
  readonly source: TensorSource;
  readonly weights: Pick<WeightsFile, 'add'>;
  /** `q4`: 4 bits, and 8 for the embedding and the head. `q8`: 8 for all. */
  readonly precision: BuiltPrecision;
  /** Positions that the graph can take, at most the config's. */
  readonly contextLength: number;
  /** For several experts over one base: the adapter of each, null for the base itself. */
  readonly adapters?: readonly (Adapter | null)[];
  /** Constants of the same model's graph in the same precision, by name: they are used as they lie. */
  readonly stored?: ReadonlyMap<string, OnnxTensor>;
  /** Called with values rising in [0, 1]. */
  readonly onProgress?: (progress: number) => void;
}

/** The longest context that a graph of this config can be built for. */
export function longestContext({ maxPositions, rope, localRope }: ModelConfig): number {
  return Math.min(maxPositions, rotaryLimit(rope), rotaryLimit(localRope));
}

export async function buildDecoder(options: BuildOptions): Promise<DecodeGraph> {
  const { config, file, source, weights, precision, contextLength, onProgress } = options;
  if (contextLength > longestContext(config))
    throw new RangeError(`a context of ${contextLength} is longer than ${longestContext(config)}`);
  const adapters = options.adapters ?? [null];
  const draft = createGraphDraft();
  const store: WeightsStore = { file, source, weights, draft, adapters, stored: options.stored };
  const shape: DecodeShape = {
    layers: config.layers,
    // In a context that the window covers, a layer sees all.
    windows: config.windows.map((window) => (window !== null && window < contextLength ? window : null)),
    experts: adapters.length,
    kvHeads: config.kvHeads,
    headDim: config.headDim,
    queriesPerHead: config.heads / config.kvHeads,
    wantsPositions: true,
    vocabulary: config.vocabulary,
  };
  const building: Building = { store, config, shape, bits: bitsOf[precision] };

  const table = await addEmbedding(building);
  await addRotaryTables(building, contextLength);
  const newRows: string[] = [];
  let stream: Stream = { sum: 'embedding', add: undefined };
  for (let layer = 0; layer < config.layers; layer++) {
    const added = await addLayer(building, layer, stream);
    newRows.push(...added.newRows);
    stream = added.stream;
    onProgress?.((layer + 1) / (config.layers + 1));
  }
  const { normed } = await addNorm(building, 'model.norm', stream);
  await addHead(building, table, normed);
  addFrame(draft, { shape, newRows });
  onProgress?.(1);
  const model = writeOnnx({
    irVersion: 10,
    opsets: [
      { domain: '', version: 21 },
      { domain: MICROSOFT, version: 1 },
    ],
    ...draft,
  });
  return { model, shape };
}

const bitsOf: Readonly<Record<BuiltPrecision, Bits>> = { fp32: 32, q8: 8, q4: 4 };

/** A table for each rotation that a layer needs. */
async function addRotaryTables({ store, config }: Building, contextLength: number): Promise<void> {
  const dims = [contextLength, config.headDim / 2];
  for (const kind of new Set(config.rotations)) {
    if (kind === 'none') continue;
    const rope = kind === 'local' ? config.localRope : config.rope;
    const table = rotaryTable(rope, config.headDim, contextLength);
    const { cos, sin } = rotaryNames(kind);
    await storeFloats(store, cos, async () => table.cos, dims);
    await storeFloats(store, sin, async () => table.sin, dims);
  }
}

/** Writes the embedding and looks the tokens up in it; the table, which may also be the head. */
async function addEmbedding({ store, config, shape, bits }: Building): Promise<StoredMatrix> {
  const { draft } = store;
  const { vocabulary: rows, hiddenSize: columns } = config;
  if (bits !== 32 && columns % 32 !== 0) {
    throw unsupportedModel(
      store.file,
      `its width ${columns} is no multiple of 32, which its embedding needs`,
    );
  }
  const name = 'model.embed_tokens.weight';
  const read = () => readTensor(store, name, [rows, columns]);
  const few = bits === 32 ? 32 : 8;
  const blocks = () => readBlocksTogether(store, few, [[name, [rows, columns]]]);
  const table = await storeMatrix(store, { name, read, blocks, rows, columns, bits: few });
  const steps = ['looked'];
  if (config.embeddingScale !== 1) steps.push('scaled');
  if (shape.experts > 1) steps.push('beside');
  const named = (step: string): string => (step === steps.at(-1) ? 'embedding' : `embedding.${step}`);
  if (table.bits === 32) draft.add('Gather', [name, names.tokens], named('looked'));
  else {
    // The same bytes of the file, as a matrix: the head reads them in blocks.
    const stored = draft.tensors.find((tensor) => tensor.name === name);
    if (stored === undefined) throw new Error('the table was just stored');
    draft.tensors.push({ ...stored, name: `${name}.rows`, dims: [rows, columns] });
    const inputs = [`${name}.rows`, names.tokens, `${name}.scales`];
    if (table.zeroPoints) inputs.push(`${name}.zero_points`);
    draft.add('GatherBlockQuantized', inputs, named('looked'), {
      bits: int(8),
      block_size: int(32),
      gather_axis: int(0),
      quantize_axis: int(1),
    });
  }
  let last = named('looked');
  if (config.embeddingScale !== 1) {
    const scale = async () => Float32Array.of(config.embeddingScale);
    last = draft.add('Mul', [last, await storeFloats(store, 'embedding.scale', scale, [1])], named('scaled'));
  }
  if (shape.experts > 1) draft.add('Expand', [last, draft.int64(1, shape.experts, 1)], named('beside'));
  return table;
}

async function addHead(
  { store, config, shape, bits }: Building,
  table: StoredMatrix,
  from: string,
): Promise<void> {
  const { draft } = store;
  const chosen = draft.add('Gather', [from, names.logitRows], 'chosen', {
    axis: int(tokenAxis(shape.experts)),
  });
  if (config.tiedEmbeddings ?? !store.source.tensors.has('lm_head.weight')) {
    addProduct(draft, table, chosen, names.logits);
    return;
  }
  const name = 'lm_head.weight';
  const { vocabulary: rows, hiddenSize: columns } = config;
  const read = () => readTensor(store, name, [rows, columns]);
  const few = bits === 32 ? 32 : 8;
  const blocks = () => readBlocksTogether(store, few, [[name, [rows, columns]]]);
  const head = await storeMatrix(store, { name, read, blocks, rows, columns, bits: few });
  addProduct(draft, head, chosen, names.logits);
}
