/**
 * The weights of a float32 ONNX export under Hugging Face's names, where the export keeps them: those of onnxruntime-genai's
 * builder. A product's weights lie there as [in, out] and are turned back; queries, keys and values may be packed in one.
 */

import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ChorusError } from '../protocol/failure.ts';
import { openBinary } from './binary-file.ts';
import { type ModelConfig, readConfig } from './config.ts';
import { invalidModel, quoted } from './model-error.ts';
import { elementTypes, type OnnxTensor } from './onnx.ts';
import { readOnnx } from './onnx-read.ts';
import { type TensorInfo, type TensorSource, valueCount } from './tensor-source.ts';

/** One tensor of the model, as a part of one of the export's. */
interface Part {
  readonly info: TensorInfo;
  readonly stored: Stored;
  /** Stored as [in, out]: columns `from` to `from + rows` of it are the tensor's rows. */
  readonly turned: boolean;
  readonly from: number;
}

interface Stored {
  readonly name: string;
  readonly dims: readonly number[];
  /** Values in the graph itself, or where they lie. */
  readonly data: Uint8Array | { readonly file: string; readonly offset: number };
}

/** Constants that are computed from the config, or belong to an operator. */
const computed = /^(cos_cache|sin_cache)|^\/model\//;

/** Opens `folder`/onnx/model.onnx, or another graph; a `ChorusError` says what of it is not as the builder writes it. */
export async function openExportTensors(
  folder: string,
  graph = join(folder, 'onnx', 'model.onnx'),
): Promise<TensorSource> {
  const config = await readConfig(join(folder, 'config.json'));
  if (config.normOffset !== 0) {
    throw refused(graph, 'exports of its family store their norms in another form');
  }
  const parts = new Map<string, Part>();
  for (const stored of await readStored(graph)) {
    for (const part of partsOf(graph, stored, config)) {
      if (parts.has(part.info.name)) throw invalidModel(graph, `it holds ${quoted(part.info.name)} twice`);
      parts.set(part.info.name, part);
    }
  }
  const head = parts.get('lm_head.weight');
  if (config.tiedEmbeddings && head !== undefined && !parts.has('model.embed_tokens.weight')) {
    const name = 'model.embed_tokens.weight';
    parts.delete('lm_head.weight');
    parts.set(name, { ...head, info: { ...head.info, name } });
  }
  for (const needed of ['model.embed_tokens.weight', 'model.norm.weight']) {
    if (!parts.has(needed)) throw refused(graph, `it does not keep the name of ${quoted(needed)}`);
  }
  return {
    tensors: new Map([...parts].map(([name, { info }]) => [name, info])),
    readFloat32: async (name) => {
      const part = parts.get(name);
      if (part === undefined) throw invalidModel(graph, `it has no tensor ${quoted(name)}`);
      return partOf(part, await valuesOf(graph, part.stored));
    },
    close: async () => {},
  };
}

function refused(graph: string, why: string): ChorusError {
  return new ChorusError(
    'unsupported',
    `The weights in ${graph} cannot be read: ${why}. Use the model's safetensors files instead.`,
    graph,
  );
}

/** The float32 constants, without what of the graph's bytes they are not. */
async function readStored(graph: string): Promise<Stored[]> {
  const bytes = await readFile(graph).catch((thrown: NodeJS.ErrnoException) => {
    throw new ChorusError(
      thrown.code === 'ENOENT' ? 'file-missing' : 'file-unreadable',
      `${graph} cannot be read: ${thrown.message}. A folder whose weights are to be read holds model.safetensors or onnx/model.onnx in float32.`,
      graph,
    );
  });
  const within = 'within';
  const model = readOnnx(bytes, within, graph);
  if (model.nodes.some(({ operator }) => operator === 'MatMulNBits' || operator === 'DequantizeLinear')) {
    throw refused(graph, 'they are quantised');
  }
  return model.tensors
    .filter(({ type, name }) => type === elementTypes.float && !computed.test(name))
    .map((tensor) => storedOf(graph, tensor, within));
}

function storedOf(graph: string, { name, dims, data }: OnnxTensor, within: string): Stored {
  const bytes = 4 * valueCount(dims);
  if (data.kind === 'here') {
    if (data.bytes.length !== bytes) throw invalidModel(graph, `${quoted(name)} is not of its shape`);
    return { name, dims, data: data.bytes.slice() };
  }
  if (data.kind === 'message') throw refused(graph, `${quoted(name)} is stored in an old form`);
  const { location, offset, length } = data;
  if (length !== undefined && length !== bytes) {
    throw invalidModel(graph, `${quoted(name)} is not of its shape`);
  }
  if (location === within) return { name, dims, data: { file: graph, offset } };
  if (!/^[^/\\]+$/.test(location) || /^\.\.?$/.test(location)) {
    throw invalidModel(graph, 'its weights are in files that are not beside it');
  }
  return { name, dims, data: { file: resolve(dirname(graph), location), offset } };
}

function partsOf(graph: string, stored: Stored, config: ModelConfig): Part[] {
  const { name, dims } = stored;
  const whole = (as: string): Part[] => [{ info: infoOf(as, dims), stored, turned: false, from: 0 }];
  const turned = (as: string): Part[] => {
    const [inputs = 0, outputs = 0] = dims;
    return [{ info: infoOf(as, [outputs, inputs]), stored, turned: true, from: 0 }];
  };
  if (name === 'model.embed_tokens.weight') return whole(name);
  if (name === 'lm_head.MatMul.weight') return turned('lm_head.weight');
  const final = /^model\.layers\.\d+\.final_norm_layernorm\.weight$/;
  if (final.test(name)) return whole('model.norm.weight');
  const [, layer = '', rest = ''] = /^(model\.layers\.\d+)\.(.+)$/.exec(name) ?? [];
  if (/^(input|post_attention)_layernorm\.weight$/.test(rest)) return whole(`${layer}.${rest}`);
  const norm = /^attn\.([qk]_norm)\.layernorm\.weight$/.exec(rest)?.[1];
  if (norm !== undefined) return whole(`${layer}.self_attn.${norm}.weight`);
  const product = /^(attn|mlp)\.(\w+_proj)\.(MatMul\.weight|Add\.bias)$/.exec(rest);
  if (product === null) throw refused(graph, `it holds ${quoted(name)}, whose name says nothing`);
  const [, place = '', projection = '', kind = ''] = product;
  const within = `${layer}.${place === 'attn' ? 'self_attn' : 'mlp'}`;
  const isBias = kind === 'Add.bias';
  const suffix = isBias ? 'bias' : 'weight';
  if (projection !== 'qkv_proj') {
    const as = `${within}.${projection}.${suffix}`;
    return isBias ? whole(as) : turned(as);
  }
  const { heads, kvHeads, headDim } = config;
  const width = (heads + 2 * kvHeads) * headDim;
  if (dims.at(-1) !== width) throw invalidModel(graph, `${quoted(name)} has not ${width} columns`);
  let from = 0;
  return (['q', 'k', 'v'] as const).map((letter) => {
    const rows = (letter === 'q' ? heads : kvHeads) * headDim;
    const shape = isBias ? [rows] : [rows, dims[0] ?? 0];
    const as = `${within}.${letter}_proj.${suffix}`;
    const part: Part = { info: infoOf(as, shape), stored, turned: !isBias, from };
    from += rows;
    return part;
  });
}

function infoOf(name: string, shape: readonly number[]): TensorInfo {
  return { name, type: 'f32', shape };
}

async function valuesOf(graph: string, { name, dims, data }: Stored): Promise<Float32Array> {
  const count = valueCount(dims);
  const out = new Float32Array(count);
  const bytes = new Uint8Array(out.buffer);
  if (data instanceof Uint8Array) bytes.set(data);
  else {
    const file = await openBinary(data.file);
    try {
      if (data.offset + bytes.length > file.size) throw invalidModel(graph, `${quoted(name)} is cut short`);
      await file.readInto(bytes, data.offset);
    } finally {
      await file.close();
    }
  }
  return out;
}

/** The part's values, row-major. */
function partOf({ info, stored, turned, from }: Part, values: Float32Array): Float32Array {
  const [rows = 0, columns = 1] = info.shape;
  if (!turned) return info.shape.length === 1 ? values.slice(from, from + rows) : values;
  const width = stored.dims[1] ?? 0;
  const out = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    const start = column * width + from;
    for (let row = 0; row < rows; row++) out[row * columns + column] = values[start + row] as number;
  }
  return out;
}
