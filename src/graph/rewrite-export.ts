/**
 * Rewrites the usual ONNX export of a decoder, whose GroupQueryAttention takes the whole KV cache and gives it back at every
 * token, into the form of decode-graph.ts. All weights and every other operator stay as they are. A graph that is not
 * understood to the last node is refused with the reason, and can be run as it is.
 */

import { type DecodeGraph, type DecodeShape, names, tokenAxis, type Window } from './decode-graph.ts';
import { addAttention, addFrame, attentionName, splitLast } from './decoder-attention.ts';
import { createGraphDraft, type GraphDraft } from './graph-draft.ts';
import { elementTypes, floatOf, int, intOf, type OnnxModel, type OnnxNode } from './onnx.ts';
import { writeOnnx } from './onnx-write.ts';

export type Rewritten =
  | { readonly kind: 'rewritten'; readonly graph: DecodeGraph }
  /** `reason` goes on after "the graph is run as it is: ". */
  | { readonly kind: 'refused'; readonly reason: string };

/** @param experts rows of the batch, more than one after `adaptExport` */
export function rewriteExport(model: OnnxModel, experts = 1): Rewritten {
  try {
    return { kind: 'rewritten', graph: rewrite(model, experts) };
  } catch (thrown) {
    if (thrown instanceof Refusal) return { kind: 'refused', reason: thrown.message };
    throw thrown;
  }
}

class Refusal extends Error {}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Refusal(otherwise);
}

function rewrite(model: OnnxModel, experts: number): DecodeGraph {
  const opset = model.opsets.find(({ domain }) => domain === '')?.version ?? 0;
  must(opset >= 13, `it uses version ${opset} of ONNX's operators, and 13 is the oldest that is rewritten`);
  for (const node of model.nodes) {
    for (const { kind } of node.attributes.values()) {
      must(kind !== 'graph', `it holds graphs within its graph (${node.operator})`);
    }
  }
  const attentions = model.nodes.filter(isAttention);
  const [first] = attentions;
  must(first !== undefined, 'it has no GroupQueryAttention');
  const tokens = model.inputs.find(({ name }) => name === names.tokens);
  must(tokens?.type === elementTypes.int64, `it has no input '${names.tokens}' of int64`);

  const rotates = attentions.some((node) => intOf(node, 'do_rotary', 0) === 1);
  const wantsPositions = rotates || model.nodes.some(({ inputs }) => inputs.includes(names.positions));
  const vocabulary = model.outputs.find(({ name }) => name === names.logits)?.shape.at(-1);
  must(typeof vocabulary === 'number', 'its logits have no fixed width');
  const shape = {
    ...shapeOf(model, first),
    layers: attentions.length,
    windows: attentions.map(windowOf),
    experts,
    wantsPositions,
    vocabulary,
  };
  const draft = createGraphDraft();
  const newRows: string[] = [];
  for (const node of selectLogits(model, draft, experts)) {
    if (isAttention(node))
      newRows.push(...replaceAttention({ draft, model, shape, node }, newRows.length / 2));
    else draft.nodes.push(node);
  }
  addFrame(draft, { shape, newRows });
  draft.tensors.push(...model.tensors);
  return { model: writeOnnx(pruned(model, draft)), shape };
}

function isAttention(node: OnnxNode): boolean {
  return node.operator === 'GroupQueryAttention';
}

function shapeOf(
  model: OnnxModel,
  node: OnnxNode,
): Pick<DecodeShape, 'kvHeads' | 'headDim' | 'queriesPerHead'> {
  const past = model.inputs.find(({ name }) => name === node.inputs[3]);
  const [, kvHeads, , headDim] = past?.shape ?? [];
  must(
    past?.type === elementTypes.float && typeof kvHeads === 'number' && typeof headDim === 'number',
    'its KV cache is not float32 of fixed heads',
  );
  const heads = intOf(node, 'num_heads', 0);
  must(
    kvHeads === intOf(node, 'kv_num_heads', 0) && heads >= kvHeads && heads % kvHeads === 0,
    `its ${heads} heads do not share ${kvHeads} heads of keys and values`,
  );
  return { kvHeads, headDim, queriesPerHead: heads / kvHeads };
}

function windowOf(node: OnnxNode): Window {
  const size = intOf(node, 'local_window_size', -1);
  must(size === -1 || size > 0, `its attention has a window of ${size}`);
  return size === -1 ? null : size;
}

interface Replacing {
  readonly draft: GraphDraft;
  readonly model: OnnxModel;
  readonly shape: DecodeShape;
  readonly node: OnnxNode;
}

const knownAttributes = new Set([
  'num_heads',
  'kv_num_heads',
  'scale',
  'softcap',
  'do_rotary',
  'rotary_interleaved',
  'local_window_size',
  'smooth_softmax',
]);

/** Writes two-segment attention in the place of `node`; the names of its new keys and values. */
function replaceAttention(replacing: Replacing, layer: number): [string, string] {
  const { draft, model, shape, node } = replacing;
  const here = shapeOf(model, node);
  must(
    here.kvHeads === shape.kvHeads &&
      here.headDim === shape.headDim &&
      here.queriesPerHead === shape.queriesPerHead,
    'its layers have different numbers of heads',
  );
  for (const name of node.attributes.keys()) {
    must(knownAttributes.has(name), `its attention has the attribute '${name}'`);
  }
  must(floatOf(node, 'softcap', 0) === 0, 'its attention caps its scores');
  must(intOf(node, 'smooth_softmax', 0) === 0, 'its attention smooths its softmax');
  must(
    node.inputs.slice(10).every((name) => name === ''),
    'its attention has a bias or other inputs that are not known',
  );
  const [output = ''] = node.outputs;
  const { query, key, value } = rotated(replacing, layer);
  const scale = floatOf(node, 'scale', 0) || shape.headDim ** -0.5;
  return addAttention(draft, { layer, shape, scale, query, key, value, output });
}

function rotated(
  { draft, model, shape, node }: Replacing,
  layer: number,
): { readonly query: string; readonly key: string; readonly value: string } {
  const [packed = '', separateKey = '', separateValue = '', , , , , cos = '', sin = ''] = node.inputs;
  const rotate = intOf(node, 'do_rotary', 0) === 1;
  const { kvHeads, headDim, queriesPerHead } = shape;
  const heads = kvHeads * queriesPerHead;
  const width = model.tensors.find(({ name }) => name === cos)?.dims[1];
  must(!rotate || width !== undefined, 'its rotary table is computed, not a constant');
  const rotary = (from: string, count: number, to: string): string =>
    rotate
      ? draft.add('RotaryEmbedding', [from, names.positions, cos, sin], to, {
          interleaved: int(intOf(node, 'rotary_interleaved', 0)),
          num_heads: int(count),
          ...(width !== undefined && 2 * width < headDim && { rotary_embedding_dim: int(2 * width) }),
        })
      : from;
  const at = (name: string): string => attentionName(layer, name);
  if (separateKey === '') {
    const [both, query, key, value] = [at('qk'), at('query'), at('key'), at('value')];
    const keySize = kvHeads * headDim;
    const querySize = heads * headDim;
    splitLast(draft, {
      from: packed,
      into: [
        [both, querySize + keySize],
        [value, keySize],
      ],
    });
    splitLast(draft, {
      from: rotary(both, heads + kvHeads, at('qk.rotated')),
      into: [
        [query, querySize],
        [key, keySize],
      ],
    });
    return { query, key, value };
  }
  return {
    query: rotary(packed, heads, at('q.rotated')),
    key: rotary(separateKey, kvHeads, at('k.rotated')),
    value: separateValue,
  };
}

const products = new Set(['MatMul', 'MatMulNBits', 'FusedMatMul']);
const elementwise = new Set(['Add', 'Cast', 'Div', 'Mul', 'Tanh']);

/** The nodes of `model`, with the rows chosen before the product that gives the logits, or after it where that is not found. */
function selectLogits(model: OnnxModel, draft: GraphDraft, experts: number): readonly OnnxNode[] {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const constants = new Set(model.tensors.map(({ name }) => name));
  const select = (from: string, to: string): OnnxNode => {
    draft.add('Gather', [from, names.logitRows], to, { axis: int(tokenAxis(experts)) });
    const node = draft.nodes.pop();
    if (node === undefined) throw new Error('the node was just added');
    return node;
  };
  let head = producers.get(names.logits);
  must(head !== undefined, `it has no output '${names.logits}'`);
  while (elementwise.has(head.operator)) {
    const before = producers.get(head.inputs.find((name) => !constants.has(name)) ?? '');
    if (before === undefined) break;
    head = before;
  }
  const [data = ''] = head.inputs;
  const fixed = head;
  if (products.has(fixed.operator) && !constants.has(data)) {
    const chosen = 'logit_rows.hidden';
    return model.nodes.flatMap((node) =>
      node === fixed
        ? [select(data, chosen), { ...node, inputs: [chosen, ...node.inputs.slice(1)] }]
        : [node],
    );
  }
  const all = 'logits.all';
  return [
    ...model.nodes.map((node) => ({
      ...node,
      outputs: node.outputs.map((name) => (name === names.logits ? all : name)),
    })),
    select(all, names.logits),
  ];
}

/** What the outputs need of the draft, checked: every name made once, every input known, every file beside the model. */
function pruned(model: OnnxModel, draft: GraphDraft): OnnxModel {
  const producers = new Map<string, OnnxNode>();
  const made = new Set<string>([...draft.inputs, ...draft.tensors].map(({ name }) => name));
  must(made.size === draft.inputs.length + draft.tensors.length, 'two of its constants have one name');
  for (const node of draft.nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      must(!made.has(name), `it has two values named '${name}'`);
      made.add(name);
      producers.set(name, node);
    }
  }
  const needed = new Set<string>();
  const waiting = draft.outputs.map(({ name }) => name);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === '' || needed.has(name)) continue;
    must(made.has(name), `it needs its input '${name}' for more than attention`);
    needed.add(name);
    waiting.push(...(producers.get(name)?.inputs ?? []));
  }
  const tensors = draft.tensors.filter(({ name }) => needed.has(name));
  for (const { data } of tensors) {
    must(
      data.kind !== 'file' || /^[^/\\]+$/.test(data.location.replace(/^\.\.?$/, '/')),
      'its weights are in files that are not beside it',
    );
  }
  return {
    irVersion: model.irVersion,
    opsets: model.opsets,
    nodes: draft.nodes.filter(({ outputs }) => outputs.some((name) => needed.has(name))),
    tensors,
    inputs: draft.inputs,
    outputs: draft.outputs,
  };
}
