/** Whether what is built of a model fits on the disk, asked before it is begun. */

import { mkdir, statfs } from 'node:fs/promises';
import { diskFull } from '../protocol/failure.ts';
import type { BuildModelOptions } from './build-model.ts';
import type { ModelConfig } from './config.ts';
import { columnsWithSums } from './repack.ts';
import { type TensorSource, type TensorType, valueCount } from './tensor-source.ts';

const FLOAT = 4;
/** Blocks of 32 values with a scale and a zero point (quantize.ts): bytes of a value. */
const packed = { 4: (4 + 4 / 32) / 8 + FLOAT / 32, 8: (8 + 8 / 32) / 8 + FLOAT / 32 } as const;
/** Where tensors begin (weights-file.ts), for a matrix, its scales and its zero points. */
const PADDING = 3 * 64;
/** The graph without its weights, its record, the tokenizer: of a vocabulary of 256,000 some 30 MB. */
const BESIDE = 1e6;
const PER_TOKEN = 120;

/** Bytes that the decode graph of these tensors takes on the disk, a few per cent too many rather than too few. */
export function graphBytes(
  { tensors }: Pick<TensorSource, 'tensors'>,
  {
    config,
    precision,
    contextLength,
  }: {
    readonly config: Pick<ModelConfig, 'headDim' | 'vocabulary'>;
  } & Pick<BuildModelOptions, 'precision' | 'contextLength'>,
): number {
  // A model whose layers see a window has two tables of rotations.
  let bytes = BESIDE + PER_TOKEN * config.vocabulary + 2 * FLOAT * contextLength * config.headDim;
  for (const { name, type, shape } of tensors.values()) {
    const values = valueCount(shape);
    const bits = precision === 'q4' && !/embed_tokens|lm_head/.test(name) ? 4 : 8;
    if (precision === 'fp32' || shape.length < 2) bytes += PADDING + values * FLOAT;
    else bytes += PADDING + values * packed[bits] * (takesSums(type, bits) ? widened(shape[1] ?? 0) : 1);
  }
  return Math.ceil(bytes);
}

/** Whether sums of inputs are further columns (repack.ts). */
function takesSums(type: TensorType, bits: 4 | 8): boolean {
  return bits === 4 && (type === 'q4_1' || type === 'q4_k');
}

function widened(columns: number): number {
  return columns === 0 ? 1 : columnsWithSums(columns) / columns;
}

/** Rejects where `folder`, which is made if it is not there, has no room for so many bytes of `what`. */
export async function needRoom(
  folder: string,
  { what, bytes, free = freeBytes }: { what: string; bytes: number; free?: typeof freeBytes },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const available = await free(folder);
  if (available === undefined || available >= bytes) return;
  throw diskFull(folder, { what, bytes, free: available });
}

/** Undefined where the file system does not say. */
async function freeBytes(folder: string): Promise<number | undefined> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}
