/**
 * Linear layers of a built graph: y = x W^T + b, in float32 or in blocks of few bits, and for every expert of the batch its
 * own low-rank term on top (LoRA, arXiv 2106.09685), so that the weights they share are read once for all.
 */

import type { Adapter } from './adapter.ts';
import type { GraphDraft } from './graph-draft.ts';
import { joined } from './joined.ts';
import { addLowRank, type Module } from './low-rank.ts';
import { invalidModel, quoted } from './model-error.ts';
import { elementTypes, int, type OnnxTensor } from './onnx.ts';
import { type QuantizedMatrix, quantize } from './quantize.ts';
import { columnsWithSums, repack, sumCount } from './repack.ts';
import { isStepped, joinedRows, steppedBits } from './stored-blocks.ts';
import type { StoredBlocks, TensorInfo, TensorSource } from './tensor-source.ts';
import type { WeightsFile } from './weights-file.ts';

export type Bits = 4 | 8 | 32;

/** What weights are read from and written to. */
export interface WeightsStore {
  readonly file: string;
  readonly source: TensorSource;
  readonly weights: Pick<WeightsFile, 'add'>;
  readonly draft: GraphDraft;
  /** One for each expert of the batch; null for the base itself. */
  readonly adapters: readonly (Adapter | null)[];
  /** Tensors by name that were stored before, in the same precision: these are neither read nor written again. */
  readonly stored?: ReadonlyMap<string, OnnxTensor> | undefined;
}

export interface LinearOptions {
  /** Of float32 [T, experts, columns]. */
  readonly from: string;
  /** Of float32 [T, experts, the sum of all rows]. */
  readonly to: string;
  /** Modules whose outputs stand one after another; each has the tensor `.weight` [rows, columns]. */
  readonly modules: readonly Module[];
  readonly columns: number;
  readonly bits: Bits;
  /** Whether every module has a `.bias` [rows]. */
  readonly bias: boolean;
}

const BLOCK_SIZE = 32;

/** Adds a linear layer; returns the name of its output. */
export async function addLinear(store: WeightsStore, options: LinearOptions): Promise<string> {
  const { draft } = store;
  const { from, to, modules, columns, bits, bias } = options;
  const rows = modules.reduce((sum, module) => sum + module.rows, 0);
  const steps = ['product'];
  if (bias) steps.push('biased');
  if (store.adapters.some((adapter) => modules.some(({ name }) => adapter?.parts.has(name)))) {
    steps.push('adapted');
  }
  const named = (step: string): string => (step === steps.at(-1) ? to : `${to}.${step}`);

  const parts = modules.map(({ name, rows: own }) => [`${name}.weight`, [own, columns]] as const);
  const matrix = await storeMatrix(store, {
    name: `${to}.weight`,
    read: () => readTogether(store, parts),
    blocks: () => readBlocksTogether(store, bits, parts),
    rows,
    columns,
    bits,
  });
  let last = addProduct(draft, matrix, from, named('product'));

  if (bias) {
    const read = () =>
      readTogether(
        store,
        modules.map(({ name, rows: own }) => [`${name}.bias`, [own]]),
      );
    const stored = await storeFloats(store, `${to}.bias`, read, [rows]);
    last = draft.add('Add', [last, stored], named('biased'));
  }
  if (!steps.includes('adapted')) return last;
  return addLowRank(store, { input: from, base: last, to, modules, columns });
}

/** A weight matrix in the graph. */
export interface StoredMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly bits: Bits;
  readonly zeroPoints: boolean;
  /** Whether sums of inputs are further inputs (repack.ts). */
  readonly sums: boolean;
}

/** Writes what `read` gives, [rows, columns], with so many bits; or what `blocks` gives, where that has as many. */
export async function storeMatrix(
  store: WeightsStore,
  {
    name,
    read,
    blocks,
    rows,
    columns,
    bits,
  }: Omit<StoredMatrix, 'zeroPoints' | 'sums'> & {
    read: () => Promise<Float32Array>;
    blocks?: () => Promise<StoredBlocks | undefined>;
  },
): Promise<StoredMatrix> {
  if (bits === 32) {
    await storeFloats(store, name, read, [rows, columns]);
    return { name, rows, columns, bits, zeroPoints: false, sums: false };
  }
  const parts = [name, `${name}.scales`, `${name}.zero_points`].flatMap(
    (part) => store.stored?.get(part) ?? [],
  );
  if (parts.length > 0) {
    store.draft.tensors.push(...parts);
    const sums = (parts[0]?.dims[1] ?? 0) > Math.ceil(columns / BLOCK_SIZE);
    return { name, rows, columns, bits, zeroPoints: parts.length === 3, sums };
  }
  const found = await blocks?.();
  const matrix =
    found === undefined ? quantize(await read(), { rows, columns, bits, method: 'k-quant' }) : repack(found);
  await storeQuantized(store, name, matrix);
  const sums = matrix.columns > columns;
  return { name, rows, columns, bits, zeroPoints: matrix.zeroPoints !== undefined, sums };
}

/** Adds the product of `from` with the transpose of `matrix`. */
export function addProduct(draft: GraphDraft, matrix: StoredMatrix, from: string, to: string): string {
  const { name, rows, columns, bits, zeroPoints, sums } = matrix;
  if (bits === 32) return draft.add('FusedMatMul', [from, name], to, { transB: int(1) });
  const read = sums ? withSums(draft, from, columns) : from;
  const inputs = [read, name, `${name}.scales`, ...(zeroPoints ? [`${name}.zero_points`] : [])];
  return draft.add('MatMulNBits', inputs, to, {
    K: int(sums ? columnsWithSums(columns) : columns),
    N: int(rows),
    bits: int(bits),
    block_size: int(BLOCK_SIZE),
    // Activations are rounded to 8 bits, row by row: what makes several rows cheap.
    accuracy_level: int(4),
  });
}

/** `from` [T, experts, columns] with the sums of every 32 inputs behind it, and zeros; the same for all who read it. */
function withSums(draft: GraphDraft, from: string, columns: number): string {
  const to = `${from}.with_sums`;
  if (draft.nodes.some(({ outputs }) => outputs.includes(to))) return to;
  const apart = draft.add('Reshape', [from, draft.int64(0, 0, -1, BLOCK_SIZE)], `${from}.blocks`);
  const sums = draft.add('ReduceSum', [apart, draft.int64(-1)], `${from}.sums`, { keepdims: int(0) });
  const rest = columnsWithSums(columns) - columns - sumCount(columns);
  const parts = rest === 0 ? [from, sums] : [from, sums, zeros(draft, rest)];
  return draft.add('Concat', parts, to, { axis: int(-1) });
}

/** float32 [T, experts, columns] of zeros, made once in a run. */
function zeros(draft: GraphDraft, columns: number): string {
  const to = `zeros[${columns}]`;
  if (draft.nodes.some(({ outputs }) => outputs.includes(to))) return to;
  const shape = draft.add('Shape', ['embedding'], `${to}.experts_and_tokens`, { end: int(2) });
  const all = draft.add('Concat', [shape, draft.int64(columns)], `${to}.shape`, { axis: int(0) });
  return draft.add('ConstantOfShape', [all], to);
}

async function storeQuantized(
  { draft, weights }: WeightsStore,
  name: string,
  { rows, columns, bits, packed, scales, zeroPoints }: QuantizedMatrix,
): Promise<void> {
  const blocks = Math.ceil(columns / BLOCK_SIZE);
  const bytes = (BLOCK_SIZE * bits) / 8;
  const { uint8, float: real } = elementTypes;
  draft.tensors.push(
    { name, type: uint8, dims: [rows, blocks, bytes], data: await weights.add(packed) },
    { name: `${name}.scales`, type: real, dims: [rows, blocks], data: await weights.add(scales) },
  );
  if (zeroPoints === undefined) return;
  draft.tensors.push({
    name: `${name}.zero_points`,
    type: uint8,
    dims: [rows, zeroPoints.length / rows],
    data: await weights.add(zeroPoints),
  });
}

export async function storeFloats(
  { draft, weights, stored }: WeightsStore,
  name: string,
  read: () => Promise<Float32Array>,
  dims: readonly number[],
): Promise<string> {
  const before = stored?.get(name);
  const tensor = async (): Promise<OnnxTensor> => ({
    name,
    type: elementTypes.float,
    dims,
    data: await weights.add(await read()),
  });
  draft.tensors.push(before ?? (await tensor()));
  return name;
}

/** The tensor `name`, checked to have `shape`. */
export async function readTensor(
  store: WeightsStore,
  name: string,
  shape: readonly number[],
): Promise<Float32Array> {
  checkShape(store, name, shape);
  return store.source.readFloat32(name);
}

function checkShape({ file, source }: WeightsStore, name: string, shape: readonly number[]): TensorInfo {
  const info = source.tensors.get(name);
  if (info === undefined) throw invalidModel(file, `it has no tensor ${quoted(name)}`);
  if (info.shape.join() !== shape.join()) {
    throw invalidModel(
      file,
      `the tensor ${quoted(name)} has the shape [${info.shape}], and the config wants [${shape}]`,
    );
  }
  return info;
}

/** Tensors of the given shapes one after another, where all are stored in blocks of `bits`. */
export async function readBlocksTogether(
  store: WeightsStore,
  bits: Bits,
  tensors: readonly (readonly [name: string, shape: readonly number[]])[],
): Promise<StoredBlocks | undefined> {
  for (const [name, shape] of tensors) {
    const { type } = checkShape(store, name, shape);
    if (!isStepped(type) || steppedBits[type] !== bits) return undefined;
  }
  const parts: StoredBlocks[] = [];
  for (const [name] of tensors) {
    const part = await store.source.readBlocks?.(name);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return joinedRows(parts);
}

/** Tensors of the given shapes, one after another. */
async function readTogether(
  store: WeightsStore,
  tensors: readonly (readonly [name: string, shape: readonly number[]])[],
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const [name, shape] of tensors) parts.push(await readTensor(store, name, shape));
  return joined(parts);
}
