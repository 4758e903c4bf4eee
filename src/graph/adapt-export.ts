/**
 * Makes an export the base of several experts: its activations become a batch with one row for each, and every product whose
 * weights an adapter changes gets the adapters' low-rank terms. The names are those of onnxruntime-genai's builder.
 */

import type { Adapter } from './adapter.ts';
import { names } from './decode-graph.ts';
import { createGraphDraft } from './graph-draft.ts';
import { addLowRank, type LowRankOptions, type Module } from './low-rank.ts';
import { intOf, type OnnxModel, type OnnxNode } from './onnx.ts';
import type { TensorInfo } from './tensor-source.ts';
import { withinModel } from './weights-file.ts';

export type Adapted =
  | { readonly kind: 'adapted'; readonly model: OnnxModel }
  | { readonly kind: 'refused'; readonly reason: string };

const weightName = /^(model\.layers\.\d+)\.(attn|mlp)\.(\w+_proj)\.MatMul\.weight/;

/** @param adapters one for each expert, null for the base itself */
export async function adaptExport(model: OnnxModel, adapters: readonly (Adapter | null)[]): Promise<Adapted> {
  const draft = createGraphDraft();
  const lookups = model.nodes.filter(({ inputs }) => inputs.includes(names.tokens));
  const [lookup] = lookups;
  if (lookup === undefined || lookups.length > 1)
    return refused(`its tokens are read ${lookups.length} times`);
  /** By the node whose sum the terms are added to. */
  const changed = new Map<OnnxNode, Pick<LowRankOptions, 'input' | 'modules' | 'columns'>>();
  const waiting = new Set(adapters.flatMap((adapter) => [...(adapter?.parts.keys() ?? [])]));

  for (const node of model.nodes) {
    const [output = ''] = node.outputs;
    if (node === lookup) {
      draft.nodes.push({ ...node, outputs: [`${output}.once`] });
      draft.add('Expand', [`${output}.once`, draft.int64(1, adapters.length, 1)], output);
      continue;
    }
    const modules = modulesOf(model, node);
    if (modules.some(({ name }) => waiting.has(name))) {
      for (const { name } of modules) waiting.delete(name);
      const [input = ''] = node.inputs;
      const columns = weightsOf(model, node)[0]?.columns ?? 0;
      changed.set(biasOf(model, output) ?? node, { input, modules, columns });
    }
    const change = changed.get(node);
    if (change === undefined) {
      draft.nodes.push(node);
      continue;
    }
    const base = `${output}.base`;
    draft.nodes.push({ ...node, outputs: [base] });
    await addLowRank({ draft, weights: withinModel, adapters }, { ...change, base, to: output });
  }
  const [lost] = waiting;
  if (lost !== undefined) return refused(`it has no product whose weights '${lost.slice(0, 100)}' changes`);
  return {
    kind: 'adapted',
    model: { ...model, nodes: draft.nodes, tensors: [...model.tensors, ...draft.tensors] },
  };
}

/**
 * The node that adds a bias to the product `output`, where nothing else reads that. The runtime makes one kernel of the two, which
 * rounds otherwise than they would with a term between them.
 */
function biasOf(model: OnnxModel, output: string): OnnxNode | undefined {
  const [reader, other] = model.nodes.filter(({ inputs }) => inputs.includes(output));
  if (reader?.operator !== 'Add' || other !== undefined) return undefined;
  return model.tensors.some(({ name }) => reader.inputs.includes(name)) ? reader : undefined;
}

function refused(reason: string): Adapted {
  return { kind: 'refused', reason };
}

/** The products that adapters can change, as tensors of the base under Hugging Face's names. */
export function adaptableTensors(model: OnnxModel): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const node of model.nodes) {
    const columns = weightsOf(model, node)[0]?.columns ?? 0;
    for (const { name, rows } of modulesOf(model, node)) {
      tensors.set(`${name}.weight`, { name: `${name}.weight`, type: 'f32', shape: [rows, columns] });
    }
  }
  return tensors;
}

/** The weights of a product, one after another, and how many inputs and outputs each has; none for another node. */
function weightsOf(model: OnnxModel, node: OnnxNode): { name: string; rows: number; columns: number }[] {
  const [, weight = ''] = node.inputs;
  const dimsOf = (name: string): readonly number[] =>
    model.tensors.find((tensor) => tensor.name === name)?.dims ?? [];
  if (node.operator === 'MatMulNBits') {
    // Of products that were made one (merge-products.ts).
    const joined = model.nodes.find(
      ({ operator, outputs }) => operator === 'Concat' && outputs[0] === weight,
    );
    return (joined?.inputs ?? [weight]).map((name) => ({
      name,
      rows: dimsOf(name)[0] ?? 0,
      columns: intOf(node, 'K', 0),
    }));
  }
  const [columns, rows] = dimsOf(weight);
  return node.operator === 'MatMul' && columns !== undefined && rows !== undefined
    ? [{ name: weight, rows, columns }]
    : [];
}

/** What adapters call the parts of a product; none where one of them has another name. */
function modulesOf(model: OnnxModel, node: OnnxNode): Module[] {
  const parts = weightsOf(model, node).map(({ name, rows }) => partsOf(model, name, rows));
  return parts.some(({ length }) => length === 0) ? [] : parts.flat();
}

/** What adapters call the parts of weights. */
function partsOf(model: OnnxModel, weight: string, rows: number): Module[] {
  const match = weightName.exec(weight);
  const [, layer = '', place = '', projection = ''] = match ?? [];
  if (match === null) return [];
  const within = `${layer}.${place === 'attn' ? 'self_attn' : place}`;
  if (projection !== 'qkv_proj') return [{ name: `${within}.${projection}`, rows }];
  // Keys and values are as wide as each other; queries take the rest.
  const attention = model.nodes.find(({ operator }) => operator === 'GroupQueryAttention');
  const [heads, kvHeads] = [
    attention ? intOf(attention, 'num_heads', 1) : 1,
    attention ? intOf(attention, 'kv_num_heads', 1) : 1,
  ];
  const headDim = rows / (heads + 2 * kvHeads);
  return [
    { name: `${within}.q_proj`, rows: heads * headDim },
    { name: `${within}.k_proj`, rows: kvHeads * headDim },
    { name: `${within}.v_proj`, rows: kvHeads * headDim },
  ];
}
