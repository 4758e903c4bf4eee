/** A graph of one MatMulNBits node, in protobuf by hand: what the quantisers write, as the runtime reads it. */

import { Buffer } from 'node:buffer';
import type { QuantizedMatrix } from '../../src/graph/quantize.ts';

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const block = (field: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
};
const text = (field: number, value: string): Buffer => block(field, Buffer.from(value));

const [FLOAT, UINT8] = [1, 2];

function tensor(name: string, type: number, dimensions: readonly number[], data: Uint8Array): Buffer {
  return block(
    5,
    ...dimensions.map((size) => number(1, size)),
    number(2, type),
    text(8, name),
    block(9, data),
  );
}

function value(field: number, name: string, dimensions: readonly number[]): Buffer {
  const shape = block(2, ...dimensions.map((size) => block(1, number(1, size))));
  return block(field, text(1, name), block(2, block(1, number(1, FLOAT), shape)));
}

/** y [batch, rows] = x [batch, columns] times the transposed matrix. */
export function matMulGraph(matrix: QuantizedMatrix, batch: number): Buffer {
  const { rows, columns, bits, packed, scales, zeroPoints } = matrix;
  const blocks = Math.ceil(columns / 32);
  const attribute = (name: string, integer: number): Buffer =>
    block(5, text(1, name), number(3, integer), number(20, 2));
  const node = block(
    1,
    ...['x', 'codes', 'scales', ...(zeroPoints === undefined ? [] : ['zeros'])].map((input) =>
      text(1, input),
    ),
    text(2, 'y'),
    text(4, 'MatMulNBits'),
    attribute('K', columns),
    attribute('N', rows),
    attribute('bits', bits),
    attribute('block_size', 32),
    text(7, 'com.microsoft'),
  );
  const graph = block(
    7,
    node,
    text(2, 'graph'),
    tensor('codes', UINT8, [rows, blocks, 4 * bits], packed),
    tensor('scales', FLOAT, [rows, blocks], new Uint8Array(scales.buffer)),
    ...(zeroPoints === undefined
      ? []
      : [tensor('zeros', UINT8, [rows, zeroPoints.length / rows], zeroPoints)]),
    value(11, 'x', [batch, columns]),
    value(12, 'y', [batch, rows]),
  );
  const operators = (domain: string, version: number): Buffer =>
    block(8, text(1, domain), number(2, version));
  return Buffer.concat([number(1, 8), graph, operators('', 17), operators('com.microsoft', 1)]);
}
