/**
 * Reads an ONNX file into plain data. Large constants stay in the file: the model that is written from this one refers to
 * them by their place, so that no weight is copied.
 */

import { PbfReader } from 'pbf';
import { invalidModel, unsupportedModel } from './model-error.ts';
import type { Attribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue, Opset, TensorData } from './onnx.ts';

/** Constants of more bytes are left in the file. */
const LARGEST_KEPT = 1024;

/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, graph: 5, ints: 7, graphs: 10 } as const;
/** TensorProto.DataLocation */
const EXTERNAL = 1;

/**
 * @param location the name by which constants inside of `bytes` are found again beside the new model
 * @param file for error messages
 */
export function readOnnx(bytes: Uint8Array, location: string, file: string): OnnxModel {
  const model = { irVersion: 0, opsets: [] as Opset[], graph: emptyGraph(location), functions: false };
  try {
    new PbfReader(bytes).readFields((tag, into, pbf) => {
      if (tag === 1) into.irVersion = pbf.readVarint();
      else if (tag === 7) pbf.readMessage(readGraphField, into.graph);
      else if (tag === 8) into.opsets.push(pbf.readMessage(readOpsetField, { domain: '', version: 0 }));
      else if (tag === 25) into.functions = true;
    }, model);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw invalidModel(file, `it is no ONNX file (${why.slice(0, 100)})`);
  }
  if (model.functions) throw unsupportedModel(file, 'it defines functions of its own');
  const { location: _, sparse, ...graph } = model.graph;
  if (sparse) throw unsupportedModel(file, 'it holds sparse constants');
  if (graph.nodes.length === 0) throw invalidModel(file, 'its graph is empty');
  return { irVersion: model.irVersion, opsets: model.opsets, ...graph };
}

interface GraphDraft {
  readonly location: string;
  readonly nodes: OnnxNode[];
  readonly tensors: OnnxTensor[];
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
  sparse: boolean;
}

const emptyGraph = (location: string): GraphDraft => ({
  location,
  nodes: [],
  tensors: [],
  inputs: [],
  outputs: [],
  sparse: false,
});

function readGraphField(tag: number, into: GraphDraft, pbf: PbfReader): void {
  if (tag === 1) into.nodes.push(readNode(pbf));
  else if (tag === 5) into.tensors.push(readTensor(pbf, into.location));
  else if (tag === 11) into.inputs.push(readValue(pbf));
  else if (tag === 12) into.outputs.push(readValue(pbf));
  else if (tag === 15) into.sparse = true;
}

function readOpsetField(tag: number, into: { domain: string; version: number }, pbf: PbfReader): void {
  if (tag === 1) into.domain = pbf.readString();
  else if (tag === 2) into.version = pbf.readVarint();
}

function readNode(pbf: PbfReader): OnnxNode {
  const node = {
    operator: '',
    domain: '',
    name: '',
    inputs: [] as string[],
    outputs: [] as string[],
    attributes: new Map<string, Attribute>(),
  };
  return pbf.readMessage((tag, into, reader) => {
    if (tag === 1) into.inputs.push(reader.readString());
    else if (tag === 2) into.outputs.push(reader.readString());
    else if (tag === 3) into.name = reader.readString();
    else if (tag === 4) into.operator = reader.readString();
    else if (tag === 5) into.attributes.set(...readAttribute(reader.readBytes()));
    else if (tag === 7) into.domain = reader.readString();
  }, node);
}

function readAttribute(message: Uint8Array): [string, Attribute] {
  const found = { name: '', type: 0, int: 0, float: 0, ints: [] as number[] };
  new PbfReader(message).readFields((tag, into, pbf) => {
    if (tag === 1) into.name = pbf.readString();
    else if (tag === 2) into.float = pbf.readFloat();
    else if (tag === 3) into.int = pbf.readVarint(true);
    else if (tag === 8) pbf.readPackedVarint(into.ints, true);
    else if (tag === 20) into.type = pbf.readVarint();
  }, found);
  switch (found.type) {
    case attributeTypes.float:
      return [found.name, { kind: 'float', value: found.float }];
    case attributeTypes.int:
      return [found.name, { kind: 'int', value: found.int }];
    case attributeTypes.ints:
      return [found.name, { kind: 'ints', values: found.ints }];
    case attributeTypes.graph:
    case attributeTypes.graphs:
      return [found.name, { kind: 'graph', message }];
    default:
      return [found.name, { kind: 'other', message }];
  }
}

function readTensor(pbf: PbfReader, location: string): OnnxTensor {
  const tensor = {
    name: '',
    type: 0,
    dims: [] as number[],
    raw: undefined as { bytes: Uint8Array; end: number } | undefined,
    external: new Map<string, string>(),
    isExternal: false,
  };
  const end = pbf.readVarint() + pbf.pos;
  const start = pbf.pos;
  if (end > pbf.length) throw new RangeError('it ends within a constant');
  pbf.readFields(
    (tag, into, reader) => {
      if (tag === 1) reader.readPackedVarint(into.dims, true);
      else if (tag === 2) into.type = reader.readVarint();
      else if (tag === 8) into.name = reader.readString();
      else if (tag === 9) into.raw = { bytes: reader.readBytes(), end: reader.pos };
      else if (tag === 13) into.external.set(...readEntry(reader));
      else if (tag === 14) into.isExternal = reader.readVarint() === EXTERNAL;
    },
    tensor,
    end,
  );
  const { name, type, dims, raw, external, isExternal } = tensor;
  let data: TensorData = { kind: 'message', message: pbf.buf.subarray(start, end) };
  if (isExternal) {
    const length = external.get('length');
    data = {
      kind: 'file',
      location: external.get('location') ?? '',
      offset: Number(external.get('offset') ?? 0),
      length: length === undefined ? undefined : Number(length),
    };
  } else if (raw !== undefined) {
    const length = raw.bytes.length;
    data =
      length <= LARGEST_KEPT
        ? { kind: 'here', bytes: raw.bytes }
        : { kind: 'file', location, offset: raw.end - length, length };
  }
  return { name, type, dims, data };
}

function readEntry(pbf: PbfReader): [string, string] {
  const entry: [string, string] = ['', ''];
  return pbf.readMessage((tag, into, reader) => {
    if (tag === 1) into[0] = reader.readString();
    else if (tag === 2) into[1] = reader.readString();
  }, entry);
}

function readValue(pbf: PbfReader): OnnxValue {
  const value = { name: '', type: 0, shape: [] as (number | string)[] };
  return pbf.readMessage((tag, into, reader) => {
    if (tag === 1) into.name = reader.readString();
    else if (tag === 2) reader.readMessage(readTypeField, into);
  }, value);
}

interface ValueDraft {
  type: number;
  readonly shape: (number | string)[];
}

function readTypeField(tag: number, into: ValueDraft, pbf: PbfReader): void {
  if (tag !== 1) return;
  pbf.readMessage((field, tensor, reader) => {
    if (field === 1) tensor.type = reader.readVarint();
    else if (field === 2) reader.readMessage(readShapeField, tensor.shape);
  }, into);
}

function readShapeField(tag: number, shape: (number | string)[], pbf: PbfReader): void {
  if (tag !== 1) return;
  const dim = pbf.readMessage(
    (field, into, reader) => {
      if (field === 1) into.size = reader.readVarint(true);
      else if (field === 2) into.size = reader.readString();
    },
    { size: '?' as number | string },
  );
  shape.push(dim.size);
}
