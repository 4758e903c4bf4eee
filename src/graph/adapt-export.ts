/**
 * Makes an export the base of several experts: its activations become a batch with one row for each, and every product whose
 * weights an adapter changes gets the adapters' low-rank terms. The names are those of onnxruntime-genai's builder.
 */

import type { Adapter } from './adapter.ts';
import { names } from './decode-graph.ts';
import { createGraphDraft } from './graph-draft.ts';
import { addLowRank, type Module } from './low-rank.ts';
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
  const waiting = new Set(adapters.flatMap((adapter) => [...(adapter?.parts.keys() ?? [])]));

  for (const node of model.nodes) {
    const [output = ''] = node.outputs;
    if (node === lookup) {
      draft.nodes.push({ ...node, outputs: [`${output}.once`] });
      draft.add('Expand', [`${output}.once`, draft.int64(1, adapters.length, 1)], output);
      continue;
    }
    const modules = modulesOf(model, node);
    if (!modules.some(({ name }) => waiting.has(name))) {
      draft.nodes.push(node);
      continue;
    }
    for (const { name } of modules) waiting.delete(name);
    const base = `${output}.base`;
    draft.nodes.push({ ...node, outputs: [base] });
    const [input = ''] = node.inputs;
    const columns = sizesOf(model, node)?.columns ?? 0;
    await addLowRank(
      { draft, weights: withinModel, adapters },
      { input, base, to: output, modules, columns },
    );
  }
  const [lost] = waiting;
  if (lost !== undefined) return refused(`it has no product whose weights '${lost.slice(0, 100)}' changes`);
  return {
    kind: 'adapted',
    model: { ...model, nodes: draft.nodes, tensors: [...model.tensors, ...draft.tensors] },
  };
}

function refused(reason: string): Adapted {
  return { kind: 'refused', reason };
}

/** The products that adapters can change, as tensors of the base under Hugging Face's names. */
export function adaptableTensors(model: OnnxModel): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const node of model.nodes) {
    const columns = sizesOf(model, node)?.columns ?? 0;
    for (const { name, rows } of modulesOf(model, node)) {
      tensors.set(`${name}.weight`, { name: `${name}.weight`, type: 'f32', shape: [rows, columns] });
    }
  }
  return tensors;
}

/** Inputs and outputs of a product with constant weights. */
function sizesOf(model: OnnxModel, node: OnnxNode): { rows: number; columns: number } | undefined {
  if (node.operator === 'MatMulNBits') {
    return { rows: intOf(node, 'N', 0), columns: intOf(node, 'K', 0) };
  }
  const [columns, rows] = model.tensors.find(({ name }) => name === node.inputs[1])?.dims ?? [];
  return node.operator === 'MatMul' && columns !== undefined && rows !== undefined
    ? { rows, columns }
    : undefined;
}

/** What adapters call the parts of a product; none for another node. */
function modulesOf(model: OnnxModel, node: OnnxNode): Module[] {
  const match = weightName.exec(node.inputs[1] ?? '');
  const sizes = sizesOf(model, node);
  const [, layer = '', place = '', projection = ''] = match ?? [];
  if (match === null || sizes === undefined) return [];
  const within = `${layer}.${place === 'attn' ? 'self_attn' : place}`;
  if (projection !== 'qkv_proj') return [{ name: `${within}.${projection}`, rows: sizes.rows }];
  // Keys and values are as wide as each other; queries take the rest.
  const attention = model.nodes.find(({ operator }) => operator === 'GroupQueryAttention');
  const [heads, kvHeads] = [
    attention ? intOf(attention, 'num_heads', 1) : 1,
    attention ? intOf(attention, 'kv_num_heads', 1) : 1,
  ];
  const headDim = sizes.rows / (heads + 2 * kvHeads);
  return [
    { name: `${within}.q_proj`, rows: heads * headDim },
    { name: `${within}.k_proj`, rows: kvHeads * headDim },
    { name: `${within}.v_proj`, rows: kvHeads * headDim },
  ];
}
