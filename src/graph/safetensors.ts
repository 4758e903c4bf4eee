/**
 * Reads a safetensors file (github.com/huggingface/safetensors): eight bytes with the length of the header, a JSON header
 * that says where each tensor lies, and the tensors one after the other without gaps.
 */

import * as v from 'valibot';
import { type BinaryFile, openBinary } from './binary-file.ts';
import { invalidModel, quoted, unsupportedModel } from './model-error.ts';
import { type Placed, placedTensors } from './read-tensor.ts';
import { tensorBytes } from './tensor-bytes.ts';
import type { TensorSource, TensorType } from './tensor-source.ts';

const LENGTH_BYTES = 8;
/** The limit of the format's own reader. */
const LARGEST_HEADER = 100 * 1000 * 1000;

type Types = ReadonlyMap<string, TensorType>;

const floats: Types = new Map([
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
]);
/** With bytes: for files that hold more than a model's weights. */
export const floatsAndBytes: Types = new Map([...floats, ['U8', 'u8']]);

const offset = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.strictObject({
  dtype: v.string(),
  shape: v.pipe(v.array(offset), v.maxLength(8)),
  data_offsets: v.strictTuple([offset, offset]),
});

/** Opens `file` and checks its whole header; tensors are read when they are asked for. */
export async function openSafetensors(file: string, types = floats): Promise<TensorSource> {
  const binary = await openBinary(file);
  try {
    return placedTensors(binary, await readHeader(binary, types));
  } catch (thrown) {
    await binary.close();
    throw thrown;
  }
}

async function readHeader(binary: BinaryFile, types: Types): Promise<Map<string, Placed>> {
  const { file, size } = binary;
  const start = new Uint8Array(LENGTH_BYTES);
  await binary.readInto(start, 0);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(LARGEST_HEADER, size - LENGTH_BYTES))) {
    throw invalidModel(
      file,
      `its header would have ${length} bytes, the file has ${size}, and a header at most ${LARGEST_HEADER}`,
    );
  }
  const header = new Uint8Array(Number(length));
  await binary.readInto(header, LENGTH_BYTES);
  const data = LENGTH_BYTES + header.length;
  const placed = new Map<string, Placed>();
  for (const [name, value] of entriesOf(file, header)) {
    if (name !== '__metadata__') placed.set(name, placeTensor(file, { name, value, data, types }));
  }
  checkGapless(file, [...placed.values()], { data, size });
  return placed;
}

function entriesOf(file: string, header: Uint8Array): [string, unknown][] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch {
    throw invalidModel(file, 'its header is not valid JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalidModel(file, 'its header is not a JSON object');
  }
  return Object.entries(json);
}

interface Entry {
  readonly name: string;
  readonly value: unknown;
  /** Where the data begins. */
  readonly data: number;
  readonly types: Types;
}

function placeTensor(file: string, { name, value, data, types }: Entry): Placed {
  // A list of a million wrong sizes is one error, not a million.
  const entry = v.safeParse(entrySchema, value, { abortEarly: true });
  if (!entry.success) {
    throw invalidModel(
      file,
      `in its header the tensor ${quoted(name)} is not described as the format wants it`,
    );
  }
  const { dtype, shape, data_offsets } = entry.output;
  const type = types.get(dtype);
  if (type === undefined) {
    throw unsupportedModel(
      file,
      `the tensor ${quoted(name)} has the type ${quoted(dtype)}, and Chorus reads F32, F16 and BF16`,
    );
  }
  const [begin, end] = data_offsets;
  if (tensorBytes(type, shape) !== end - begin) {
    throw invalidModel(
      file,
      `the tensor ${quoted(name)} takes ${end - begin} bytes, which ${dtype} of the shape [${shape}] does not`,
    );
  }
  return { info: { name, type, shape }, begin: data + begin, end: data + end };
}

/** Tensors fill the file from the header to its end, so they neither overlap nor reach past it, and nothing hides between them. */
function checkGapless(file: string, placed: Placed[], { data, size }: { data: number; size: number }): void {
  placed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = data;
  for (const { info, ...here } of placed) {
    if (here.begin !== end) {
      const how = here.begin < end ? 'overlaps the one before it' : 'leaves a gap before it';
      throw invalidModel(file, `the tensor ${quoted(info.name)} ${how}`);
    }
    end = here.end;
  }
  if (end !== size) {
    throw invalidModel(file, `its tensors end at byte ${end}, and the file at byte ${size}`);
  }
}
