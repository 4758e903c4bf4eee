/** A GGUF file as it is, be it a whole model or a part of one: its metadata, and its tensors under GGUF's names. */

import { type BinaryFile, openBinary } from './binary-file.ts';
import { type GgufMetadata, type GgufTensor, readGgufHeader } from './gguf-header.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';
import { type Placed, placedTensors } from './read-tensor.ts';
import { tensorBytes } from './tensor-bytes.ts';
import type { TensorSource, TensorType } from './tensor-source.ts';

export interface GgufFile extends TensorSource {
  readonly file: string;
  readonly metadata: GgufMetadata;
}

/** By the number of ggml_type. */
const types: ReadonlyMap<number, TensorType> = new Map([
  [0, 'f32'],
  [1, 'f16'],
  [2, 'q4_0'],
  [3, 'q4_1'],
  [6, 'q5_0'],
  [7, 'q5_1'],
  [8, 'q8_0'],
  [12, 'q4_k'],
  [13, 'q5_k'],
  [14, 'q6_k'],
  [30, 'bf16'],
]);

/** Of the types that are not read, those that are met. */
const otherTypes: ReadonlyMap<number, string> = new Map([
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [39, 'MXFP4'],
]);

const USUAL_ALIGNMENT = 32;
const LARGEST_ALIGNMENT = 1 << 20;

/** Opens `file` and checks its whole header; tensors are read when they are asked for. */
export async function openGguf(file: string): Promise<GgufFile> {
  const binary = await openBinary(file);
  try {
    const { metadata, tensors, bytes } = await readGgufHeader(binary);
    const alignment = metadata.get('general.alignment') ?? USUAL_ALIGNMENT;
    if (!isAlignment(alignment))
      throw invalidModel(file, 'its tensors are aligned in a way the format does not know');
    const data = Math.ceil(bytes / alignment) * alignment;
    const placed = place(binary, tensors, { data, alignment });
    return { file, metadata, ...placedTensors(binary, placed) };
  } catch (thrown) {
    await binary.close();
    throw thrown;
  }
}

function isAlignment(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    Number.isInteger(Math.log2(value)) &&
    value >= 1 &&
    value <= LARGEST_ALIGNMENT
  );
}

/** Every tensor inside the file, on its alignment, and none over another. */
function place(
  { file, size }: BinaryFile,
  tensors: readonly GgufTensor[],
  { data, alignment }: { data: number; alignment: number },
): Map<string, Placed> {
  const placed = new Map<string, Placed>();
  for (const { name, shape, type: number, offset } of tensors) {
    const type = types.get(number);
    if (type === undefined) {
      const called = otherTypes.get(number) ?? `number ${number}`;
      throw unsupportedModel(
        file,
        `the tensor ${quoted(name)} has the type ${called}, and Chorus reads F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K`,
      );
    }
    const bytes = tensorBytes(type, shape);
    const begin = data + offset;
    if (bytes === undefined || offset % alignment !== 0 || begin + bytes > size) {
      throw invalidModel(file, `the tensor ${quoted(name)} of the shape [${shape}] does not fit into it`);
    }
    if (placed.has(name)) throw invalidModel(file, `it has the tensor ${quoted(name)} twice`);
    placed.set(name, { info: { name, type, shape }, begin, end: begin + bytes });
  }
  let end = data;
  for (const { info, ...here } of [...placed.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (here.begin < end)
      throw invalidModel(file, `the tensor ${quoted(info.name)} overlaps the one before it`);
    end = here.end;
  }
  return placed;
}
