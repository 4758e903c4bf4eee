/**
 * Linear layers of a built graph: y = x W^T + b, in float32 or in blocks of few bits, and for every expert of the batch its
 * own low-rank term on top (LoRA, arXiv 2106.09685), so that the weights they share are read once for all.
 */

import type { Adapter } from './adapter.ts';
import type { GraphDraft } from './graph-draft.ts';
import { addLowRank, type Module } from './low-rank.ts';
import { invalidModel, quoted } from './model-error.ts';
import { elementTypes, int, type OnnxTensor } from './onnx.ts';
import { type QuantizedMatrix, quantize } from './quantize.ts';
import type { TensorSource } from './tensor-source.ts';
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
  /** Of float32 [experts, T, columns]. */
  readonly from: string;
  /** Of float32 [experts, T, the sum of all rows]. */
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

  const matrix = await storeMatrix(store, {
    name: `${to}.weight`,
    read: () =>
      readTogether(
        store,
        modules.map(({ name, rows: own }) => [`${name}.weight`, [own, columns]]),
      ),
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
}

/** Writes what `read` gives, [rows, columns], with so many bits. */
export async function storeMatrix(
  store: WeightsStore,
  {
    name,
    read,
    rows,
    columns,
    bits,
  }: Omit<StoredMatrix, 'zeroPoints'> & { read: () => Promise<Float32Array> },
): Promise<StoredMatrix> {
  if (bits === 32) {
    await storeFloats(store, name, read, [rows, columns]);
    return { name, rows, columns, bits, zeroPoints: false };
  }
  const parts = [name, `${name}.scales`, `${name}.zero_points`].flatMap(
    (part) => store.stored?.get(part) ?? [],
  );
  if (parts.length > 0) {
    store.draft.tensors.push(...parts);
    return { name, rows, columns, bits, zeroPoints: parts.length === 3 };
  }
  const matrix = quantize(await read(), { rows, columns, bits, method: 'k-quant' });
  await storeQuantized(store, name, matrix);
  return { name, rows, columns, bits, zeroPoints: matrix.zeroPoints !== undefined };
}

/** Adds the product of `from` with the transpose of `matrix`. */
export function addProduct(draft: GraphDraft, matrix: StoredMatrix, from: string, to: string): string {
  const { name, rows, columns, bits, zeroPoints } = matrix;
  if (bits === 32) return draft.add('FusedMatMul', [from, name], to, { transB: int(1) });
  const inputs = [from, name, `${name}.scales`, ...(zeroPoints ? [`${name}.zero_points`] : [])];
  return draft.add('MatMulNBits', inputs, to, {
    K: int(columns),
    N: int(rows),
    bits: int(bits),
    block_size: int(BLOCK_SIZE),
    // Activations are rounded to 8 bits, row by row: what makes several rows cheap.
    accuracy_level: int(4),
  });
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
  { file, source }: WeightsStore,
  name: string,
  shape: readonly number[],
): Promise<Float32Array> {
  const info = source.tensors.get(name);
  if (info === undefined) throw invalidModel(file, `it has no tensor ${quoted(name)}`);
  if (info.shape.join() !== shape.join()) {
    throw invalidModel(
      file,
      `the tensor ${quoted(name)} has the shape [${info.shape}], and the config wants [${shape}]`,
    );
  }
  return source.readFloat32(name);
}

/** Tensors of the given shapes, one after another. */
async function readTogether(
  store: WeightsStore,
  tensors: readonly (readonly [name: string, shape: readonly number[]])[],
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const [name, shape] of tensors) parts.push(await readTensor(store, name, shape));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
