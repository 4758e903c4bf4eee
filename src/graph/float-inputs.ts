/**
 * A decode graph whose products with quantised weights read their inputs as they are. The CPU's kernels round inputs to 8 bits, which
 * makes several rows cheap there; a graphics card needs none of it, and two devices that do not round can be compared closely.
 */

import type { DecodeGraph } from './decode-graph.ts';
import { int, type OnnxNode } from './onnx.ts';
import { readOnnx } from './onnx-read.ts';
import { writeOnnx } from './onnx-write.ts';

/** Of MatMulNBits: to be computed in the type of its inputs (docs/ContribOperators.md of ONNX Runtime). */
const UNROUNDED = int(0);

/** The graph itself where it has no such product. */
export function withFloatInputs(graph: DecodeGraph): DecodeGraph {
  const { nodes, ...rest } = readOnnx(graph.model, '', 'the decode graph');
  const isMeant = ({ operator }: OnnxNode): boolean => operator === 'MatMulNBits';
  if (!nodes.some(isMeant)) return graph;
  const unrounded = nodes.map((node) =>
    isMeant(node) ? { ...node, attributes: new Map(node.attributes).set('accuracy_level', UNROUNDED) } : node,
  );
  return { ...graph, model: writeOnnx({ ...rest, nodes: unrounded }) };
}
