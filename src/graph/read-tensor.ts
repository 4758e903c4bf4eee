/** The bytes of one tensor as float32, read in pieces so that only the result is as large as the tensor. */

import { ChorusError } from '../protocol/failure.ts';
import type { BinaryFile } from './binary-file.ts';
import { BLOCK } from './block.ts';
import { decodeBlocksInto } from './decode-blocks.ts';
import { bfloatsInto, halvesInto } from './half.ts';
import { invalidModel, quoted } from './model-error.ts';
import { emptyBlocks, isStepped, steppedBits, takeBlocks } from './stored-blocks.ts';
import { blockSizes } from './tensor-bytes.ts';
import {
  type StoredBlocks,
  type TensorInfo,
  type TensorSource,
  type TensorType,
  valueCount,
} from './tensor-source.ts';

/** A tensor that lies in one piece of a file, as the file's header says and was checked. */
export interface Placed {
  readonly info: TensorInfo;
  /** First byte and the byte after the last, from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

/** The tensors of `binary`, by name; closing the source closes the file. */
export function placedTensors(binary: BinaryFile, placed: ReadonlyMap<string, Placed>): TensorSource {
  return {
    tensors: new Map([...placed].map(([name, { info }]) => [name, info])),
    readFloat32: async (name) => {
      const found = placed.get(name);
      if (found === undefined) throw invalidModel(binary.file, `it has no tensor ${quoted(name)}`);
      return readTensor(binary, found.info, found.begin);
    },
    readBlocks: async (name) => {
      const found = placed.get(name);
      if (found === undefined) throw invalidModel(binary.file, `it has no tensor ${quoted(name)}`);
      return readBlocks(binary, found.info, found.begin);
    },
    close: () => binary.close(),
  };
}

const PIECE_BYTES = 1024 * 1024;

/** The tensor whose first byte is at `offset` of `file`; its header was checked to lie inside. Little-endian, as the machine is. */
async function readTensor(
  file: BinaryFile,
  { name, type, shape }: TensorInfo,
  offset: number,
): Promise<Float32Array> {
  const count = valueCount(shape);
  const out = allocated(file.file, name, count, () => new Float32Array(count));
  if (type === 'f32') {
    await file.readInto(new Uint8Array(out.buffer), offset);
    return out;
  }
  const { values, bytes } = blockSizes[type];
  await inPieces(file, { offset, bytes, blocks: count / values }, (piece, first) => {
    const from = first * values;
    decodeInto(type, piece, out.subarray(from, from + (piece.length / bytes) * values));
  });
  return out;
}

/** Gives `take` pieces of whole blocks, each with the number of the first of them. */
async function inPieces(
  file: BinaryFile,
  { offset, bytes, blocks }: { readonly offset: number; readonly bytes: number; readonly blocks: number },
  take: (piece: Uint8Array, first: number) => void,
): Promise<void> {
  const perPiece = Math.min(blocks, Math.floor(PIECE_BYTES / bytes));
  const buffer = new Uint8Array(perPiece * bytes);
  for (let first = 0; first < blocks; first += perPiece) {
    const piece = buffer.subarray(0, Math.min(perPiece, blocks - first) * bytes);
    await file.readInto(piece, offset + first * bytes);
    take(piece, first);
  }
}

/** The codes of a matrix as they lie, where its type has blocks as graphs have them. */
async function readBlocks(
  file: BinaryFile,
  { name, type, shape }: TensorInfo,
  offset: number,
): Promise<StoredBlocks | undefined> {
  const [rows, columns, ...more] = shape;
  if (!isStepped(type) || rows === undefined || columns === undefined || more.length > 0) return undefined;
  const out = allocated(file.file, name, rows * columns, () => emptyBlocks(rows, columns, steppedBits[type]));
  const { values, bytes } = blockSizes[type];
  await inPieces(file, { offset, bytes, blocks: (rows * columns) / values }, (piece, first) =>
    takeBlocks(type, piece, out, (first * values) / BLOCK),
  );
  return out;
}

function decodeInto(type: Exclude<TensorType, 'f32'>, piece: Uint8Array, out: Float32Array): void {
  if (type === 'u8') out.set(piece);
  else if (type === 'bf16' || type === 'f16') {
    const halves = new Uint16Array(piece.buffer, piece.byteOffset, out.length);
    if (type === 'bf16') bfloatsInto(halves, out);
    else halvesInto(halves, out);
  } else decodeBlocksInto(type, piece, out);
}

function allocated<T>(file: string, name: string, count: number, make: () => T): T {
  try {
    return make();
  } catch {
    throw new ChorusError(
      'out-of-memory',
      `${file}: the tensor ${quoted(name)} has ${count} values, more than there is memory for. Choose a smaller model.`,
      file,
    );
  }
}
