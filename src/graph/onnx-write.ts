/** Writes an ONNX model from plain data. */

import { PbfWriter } from 'pbf';
import type { Attribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue, Opset } from './onnx.ts';

/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, ints: 7 } as const;

export function writeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, model.irVersion);
  pbf.writeStringField(2, 'chorus');
  pbf.writeMessage(7, writeGraph, model);
  for (const opset of model.opsets) pbf.writeMessage(8, writeOpset, opset);
  return new Uint8Array(pbf.finish());
}

function writeGraph(model: OnnxModel, pbf: PbfWriter): void {
  for (const node of model.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, 'decoder');
  for (const tensor of model.tensors) {
    if (tensor.data.kind === 'message') pbf.writeBytesField(5, tensor.data.message);
    else pbf.writeMessage(5, writeTensor, tensor);
  }
  for (const value of model.inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of model.outputs) pbf.writeMessage(12, writeValue, value);
}

function writeOpset({ domain, version }: Opset, pbf: PbfWriter): void {
  pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, version);
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.operator);
  for (const [name, attribute] of node.attributes) {
    if (attribute.kind === 'graph' || attribute.kind === 'other') pbf.writeBytesField(5, attribute.message);
    else pbf.writeMessage(5, writeAttribute, { name, attribute });
  }
  pbf.writeStringField(7, node.domain);
}

type Plain = Exclude<Attribute, { readonly kind: 'graph' | 'other' }>;

function writeAttribute({ name, attribute }: { name: string; attribute: Plain }, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  switch (attribute.kind) {
    case 'float':
      pbf.writeFloatField(2, attribute.value);
      break;
    case 'int':
      pbf.writeVarintField(3, attribute.value);
      break;
    case 'ints':
      for (const value of attribute.values) pbf.writeVarintField(8, value);
      break;
    default:
      attribute satisfies never;
  }
  pbf.writeVarintField(20, attributeTypes[attribute.kind]);
}

function writeTensor({ name, type, dims, data }: OnnxTensor, pbf: PbfWriter): void {
  for (const dim of dims) pbf.writeVarintField(1, dim);
  pbf.writeVarintField(2, type);
  pbf.writeStringField(8, name);
  if (data.kind === 'here') pbf.writeBytesField(9, data.bytes);
  if (data.kind !== 'file') return;
  const entries: [string, string][] = [
    ['location', data.location],
    ['offset', String(data.offset)],
  ];
  if (data.length !== undefined) entries.push(['length', String(data.length)]);
  for (const entry of entries) pbf.writeMessage(13, writeEntry, entry);
  pbf.writeVarintField(14, 1);
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeValue({ name, type, shape }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(
    2,
    (tensor, typeProto) =>
      typeProto.writeMessage(
        1,
        (value: { type: number; shape: OnnxValue['shape'] }, tensorType) => {
          tensorType.writeVarintField(1, value.type);
          tensorType.writeMessage(2, writeShape, value.shape);
        },
        tensor,
      ),
    { type, shape },
  );
}

function writeShape(shape: OnnxValue['shape'], pbf: PbfWriter): void {
  for (const size of shape) {
    pbf.writeMessage(
      1,
      (dim: number | string, writer) => {
        if (typeof dim === 'number') writer.writeVarintField(1, dim);
        else writer.writeStringField(2, dim);
      },
      size,
    );
  }
}
