/** The bytes of one tensor as float32, read in pieces so that only the result is as large as the tensor. */

import { ChorusError } from '../protocol/failure.ts';
import type { BinaryFile } from './binary-file.ts';
import { decodeBlocksInto } from './decode-blocks.ts';
import { bfloatsInto, halvesInto } from './half.ts';
import { invalidModel, quoted } from './model-error.ts';
import { blockSizes } from './tensor-bytes.ts';
import type { TensorInfo, TensorSource, TensorType } from './tensor-source.ts';

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
  const count = shape.reduce((product, size) => product * size, 1);
  const out = allocate(file.file, name, count);
  if (type === 'f32') {
    await file.readInto(new Uint8Array(out.buffer), offset);
    return out;
  }
  const { values, bytes } = blockSizes[type];
  const blocks = count / values;
  const perPiece = Math.min(blocks, Math.floor(PIECE_BYTES / bytes));
  const buffer = new Uint8Array(perPiece * bytes);
  for (let first = 0; first < blocks; first += perPiece) {
    const here = Math.min(perPiece, blocks - first);
    const piece = buffer.subarray(0, here * bytes);
    await file.readInto(piece, offset + first * bytes);
    decodeInto(type, piece, out.subarray(first * values, (first + here) * values));
  }
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

function allocate(file: string, name: string, count: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(count);
  } catch {
    throw new ChorusError(
      'out-of-memory',
      `${file}: the tensor ${quoted(name)} has ${count} values, more than there is memory for. Choose a smaller model.`,
      file,
    );
  }
}
