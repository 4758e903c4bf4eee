/**
 * The form of a decoder for a device that can keep results in its own memory. There the past need not be spared from being
 * copied, which a device does fast, but from leaving it; so the two-segment attention of decode-graph.ts gives way to one
 * operator that takes the past and gives the present, GroupQueryAttention. Weights and every other operator stay as they are.
 *
 * A run feeds T tokens after P earlier ones. Inputs (D = headDim, G = kvHeads, N rows of logits wanted):
 *   input_ids        int64 [1, T]
 *   position_ids     int64 [1, T]      P, P + 1, ...; absent where the graph does not ask for it
 *   logit_rows       int64 [N]         which of the T tokens
 *   last             int32 [1]         P + T - 1
 *   total            int32 []          P + T
 *   past.I.key/value float32 [1, G, P, D]    of layer I
 * Outputs:
 *   logits              float32 [1, N, vocabulary]
 *   present.I.key/value float32 [1, G, P + T, D]
 */

import { type DecodeGraph, names } from './decode-graph.ts';
import { attentionName } from './decoder-attention.ts';
import { elementTypes, float, floatOf, int, MICROSOFT, type OnnxNode, type OnnxValue } from './onnx.ts';
import { readOnnx } from './onnx-read.ts';
import { writeOnnx } from './onnx-write.ts';

export const keptNames = {
  last: 'last',
  total: 'total',
  present: (layer: number, part: 'key' | 'value'): string => `present.${layer}.${part}`,
} as const;

/** The graph of one expert, in the other form; throws a RangeError for several. */
export function keptForm({ model, shape }: DecodeGraph): Uint8Array<ArrayBuffer> {
  const {
    experts,
    layers,
    windows,
    kvHeads: G,
    headDim: D,
    queriesPerHead,
    wantsPositions,
    vocabulary,
  } = shape;
  if (experts !== 1) throw new RangeError(`a graph of ${experts} experts`);
  const { float: real, int32, int64 } = elementTypes;
  const before = readOnnx(model, '', 'the decode graph');
  const producers = new Map(
    before.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)),
  );
  const maker = (name: string): OnnxNode => {
    const node = producers.get(name);
    if (node === undefined) throw new Error(`the decode graph has no '${name}'`);
    return node;
  };
  const inputs: OnnxValue[] = [
    { name: names.tokens, type: int64, shape: [1, 'tokens'] },
    { name: names.logitRows, type: int64, shape: ['rows'] },
    { name: keptNames.last, type: int32, shape: [1] },
    { name: keptNames.total, type: int32, shape: [] },
  ];
  if (wantsPositions) inputs.push({ name: names.positions, type: int64, shape: [1, 'tokens'] });
  const outputs: OnnxValue[] = [{ name: names.logits, type: real, shape: [1, 'rows', vocabulary] }];

  /** By what the last node of each layer's attention reads. */
  const attentions = new Map<string, (output: string) => OnnxNode>();
  for (let layer = 0; layer < layers; layer++) {
    const at = (name: string): string => attentionName(layer, name);
    const first = (name: string): string => maker(at(name)).inputs[0] ?? '';
    for (const part of ['key', 'value'] as const) {
      inputs.push({ name: names.past(layer, part), type: real, shape: [1, G, 'past', D] });
      outputs.push({ name: keptNames.present(layer, part), type: real, shape: [1, G, 'total', D] });
    }
    attentions.set(at('mean.rows'), (output) => ({
      operator: 'GroupQueryAttention',
      domain: MICROSOFT,
      name: at('kept'),
      inputs: [
        first('query.heads'),
        first('new.key'),
        first('new.value'),
        names.past(layer, 'key'),
        names.past(layer, 'value'),
        keptNames.last,
        keptNames.total,
      ],
      outputs: [output, keptNames.present(layer, 'key'), keptNames.present(layer, 'value')],
      attributes: new Map([
        ['num_heads', int(G * queriesPerHead)],
        ['kv_num_heads', int(G)],
        ['scale', float(floatOf(maker(at('scores.past')), 'alpha', 1))],
        // How many positions a token sees, its own included; -1 for all.
        ['local_window_size', int(windows[layer] ?? -1)],
      ]),
    }));
  }
  const nodes = before.nodes.map(
    (node) => attentions.get(node.inputs[0] ?? '')?.(node.outputs[0] ?? '') ?? node,
  );
  const needed = neededFor(
    nodes,
    outputs.map(({ name }) => name),
  );
  return writeOnnx({
    ...before,
    nodes: nodes.filter((node) => node.outputs.some((name) => needed.has(name))),
    tensors: before.tensors.filter(({ name }) => needed.has(name)),
    inputs,
    outputs,
  });
}

function neededFor(nodes: readonly OnnxNode[], outputs: readonly string[]): ReadonlySet<string> {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const needed = new Set<string>();
  const waiting = [...outputs];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === '' || needed.has(name)) continue;
    needed.add(name);
    waiting.push(...(producers.get(name)?.inputs ?? []));
  }
  return needed;
}
