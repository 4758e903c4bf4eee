/**
 * Makes one product of several that read the same input, as gate and up do in most exports, and queries, keys and values in
 * some: each costs a share of its own for being started and for rounding what it reads, and with adapters low-rank products of
 * its own besides. Every output is the sum that it was, to the last bit.
 */

import { createGraphDraft } from './graph-draft.ts';
import { int, intOf, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx.ts';

/** Weights, scales, and zero points where there are any: the inputs of a MatMulNBits after the first. */
const PARTS = ['weight', 'scales', 'zero_points'] as const;

export function mergeProducts(model: OnnxModel): OnnxModel {
  const tensors = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const together = new Map<string, OnnxNode[]>();
  for (const node of model.nodes) {
    const key = keyOf(node, tensors);
    if (key !== undefined) together.set(key, [...(together.get(key) ?? []), node]);
  }
  const draft = createGraphDraft();
  for (const node of model.nodes) {
    const group = together.get(keyOf(node, tensors) ?? '') ?? [];
    if (group.length < 2) draft.nodes.push(node);
    else if (node === group[0]) addMerged(draft, group);
  }
  return { ...model, nodes: draft.nodes, tensors: [...model.tensors, ...draft.tensors] };
}

/** The same for products that can be one; undefined for another node. */
function keyOf(node: OnnxNode, tensors: ReadonlyMap<string, OnnxTensor>): string | undefined {
  const [from, ...parts] = node.inputs;
  const constant = parts.every((name) => tensors.has(name));
  if (node.operator !== 'MatMulNBits' || !constant || parts.length > PARTS.length) return undefined;
  const attributes = [...node.attributes].filter(([name]) => name !== 'N').sort();
  return JSON.stringify([from, parts.length, attributes]);
}

function addMerged(draft: ReturnType<typeof createGraphDraft>, group: readonly OnnxNode[]): void {
  const [first] = group;
  if (first === undefined) return;
  const outputs = group.flatMap((node) => node.outputs);
  const sizes = group.map((node) => intOf(node, 'N', 0));
  const merged = `${outputs[0]}.merged`;
  // Constants put together are made one when the graph is loaded, and what they were made of is let go.
  const parts = PARTS.slice(0, first.inputs.length - 1).map((part, i) =>
    draft.add(
      'Concat',
      group.map((node) => node.inputs[i + 1] ?? ''),
      `${merged}.${part}`,
      { axis: int(0) },
    ),
  );
  draft.nodes.push({
    ...first,
    name: `${merged}.product`,
    inputs: [first.inputs[0] ?? '', ...parts],
    outputs: [merged],
    attributes: new Map(first.attributes).set('N', int(sizes.reduce((sum, size) => sum + size, 0))),
  });
  draft.addMany({
    operator: 'Split',
    inputs: [merged, draft.int64(...sizes)],
    outputs,
    attributes: { axis: int(-1) },
  });
}
