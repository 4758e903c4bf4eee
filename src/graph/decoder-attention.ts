/**
 * Attention over two segments: the past, which is only read, and the recent block, which is put together from the recent
 * tokens, the new ones and padding (see decode-graph.ts). Grouped: the S query heads of one head of keys are rows of one
 * matrix, so that keys and values are read once.
 */

import { type DecodeShape, names } from './decode-graph.ts';
import type { GraphDraft } from './graph-draft.ts';
import { elementTypes, float, int, ints } from './onnx.ts';

export interface Attention {
  readonly layer: number;
  readonly shape: DecodeShape;
  /** What q . k is multiplied by. */
  readonly scale: number;
  /** Names of float32 [1, T, heads * headDim], rotated. */
  readonly query: string;
  readonly key: string;
  readonly value: string;
  /** The name for the result, float32 [1, T, heads * headDim]. */
  readonly output: string;
}

/** Adds the nodes and inputs of one layer's attention. */
export function addAttention(draft: GraphDraft, attention: Attention): void {
  const { layer, shape, scale, query, key, value, output } = attention;
  const { kvHeads: G, headDim: D, queriesPerHead: S } = shape;
  const at = (name: string): string => `attention.${layer}.${name}`;
  const reshape = (from: string, to: string, ...dims: number[]): string =>
    draft.add('Reshape', [from, draft.int64(...dims)], to);
  const multiply = (a: string, b: string, to: string, transposed: boolean): string =>
    draft.add('FusedMatMul', [a, b], to, {
      transBatchB: int(1),
      ...(transposed && { transB: int(1), alpha: float(scale) }),
    });

  // [T, G, S, D] -> [G, T * S, D]
  const grouped = draft.add('Transpose', [reshape(query, at('q'), -1, G, S, D)], at('q.grouped'), {
    perm: ints(1, 0, 2, 3),
  });
  const queries = reshape(grouped, at('queries'), G, -1, D);
  const block = (part: 'key' | 'value', from: string): string =>
    draft.add(
      'Concat',
      [names.recent(layer, part), reshape(from, at(`new.${part}`), -1, G, D), names.padding],
      at(`block.${part}`),
      { axis: int(0) },
    );
  const keys = block('key', key);
  const values = block('value', value);

  const scores = draft.add(
    'Concat',
    [
      multiply(queries, names.past(layer, 'key'), at('scores.past'), true),
      multiply(queries, keys, at('scores.block'), true),
    ],
    at('scores'),
    { axis: int(-1) },
  );
  const masked = draft.add('Add', [scores, names.mask], at('masked'));
  const shares = draft.add('Softmax', [masked], at('shares'), { axis: int(-1) });
  draft.addMany({
    operator: 'Split',
    inputs: [shares, names.parts],
    outputs: [at('shares.past'), at('shares.block')],
    attributes: { axis: int(-1) },
  });
  const sum = draft.add(
    'Add',
    [
      multiply(at('shares.past'), names.past(layer, 'value'), at('mean.past'), false),
      multiply(at('shares.block'), values, at('mean.block'), false),
    ],
    at('mean'),
  );
  // [G, T * S, D] -> [T, G, S, D]
  const back = draft.add('Transpose', [reshape(sum, at('mean.grouped'), G, -1, S, D)], at('mean.rows'), {
    perm: ints(1, 0, 2, 3),
  });
  draft.add('Reshape', [back, draft.int64(1, -1, G * S * D)], output);

  for (const part of ['key', 'value'] as const) {
    draft.inputs.push(
      { name: names.past(layer, part), type: elementTypes.float, shape: ['past', G, D] },
      { name: names.recent(layer, part), type: elementTypes.float, shape: ['recent', G, D] },
    );
  }
}

/** Adds the inputs that all layers share, and the outputs. `newRows` names each layer's new keys and values in turn. */
export function addFrame(
  draft: GraphDraft,
  { shape, newRows }: { shape: DecodeShape; newRows: readonly string[] },
): void {
  const { layers, kvHeads: G, headDim: D, vocabulary } = shape;
  const { float: real, int64 } = elementTypes;
  draft.inputs.push(
    { name: names.tokens, type: int64, shape: [1, 'tokens'] },
    { name: names.mask, type: real, shape: ['queries', 'positions'] },
    { name: names.parts, type: int64, shape: [2] },
    { name: names.padding, type: real, shape: ['padding', G, D] },
    { name: names.logitRows, type: int64, shape: ['rows'] },
  );
  if (shape.wantsPositions) {
    draft.inputs.push({ name: names.positions, type: int64, shape: [1, 'tokens'] });
  }
  draft.add('Concat', newRows, names.newRows, { axis: int(-1) });
  draft.outputs.push(
    { name: names.logits, type: real, shape: [1, 'rows', vocabulary] },
    { name: names.newRows, type: real, shape: [1, 'tokens', layers * 2 * G * D] },
  );
}

/** Splits what the three projections gave in one, float32 [1, T, (heads + 2 * kvHeads) * headDim]. */
export function splitProjections(
  draft: GraphDraft,
  { from, layer, shape }: { from: string; layer: number; shape: DecodeShape },
): { readonly queriesAndKeys: string; readonly value: string } {
  const { kvHeads: G, headDim: D, queriesPerHead: S } = shape;
  const queriesAndKeys = `attention.${layer}.qk`;
  const value = `attention.${layer}.v`;
  draft.addMany({
    operator: 'Split',
    inputs: [from, draft.int64((G * S + G) * D, G * D)],
    outputs: [queriesAndKeys, value],
    attributes: { axis: int(-1) },
  });
  return { queriesAndKeys, value };
}

/** Splits queries from keys, float32 [1, T, (heads + kvHeads) * headDim]. */
export function splitQueries(
  draft: GraphDraft,
  { from, layer, shape }: { from: string; layer: number; shape: DecodeShape },
): { readonly query: string; readonly key: string } {
  const { kvHeads: G, headDim: D, queriesPerHead: S } = shape;
  const query = `attention.${layer}.query`;
  const key = `attention.${layer}.key`;
  draft.addMany({
    operator: 'Split',
    inputs: [from, draft.int64(G * S * D, G * D)],
    outputs: [query, key],
    attributes: { axis: int(-1) },
  });
  return { query, key };
}
