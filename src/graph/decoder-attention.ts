/**
 * Attention over two segments: the past, which is only read, and the recent block, which is put together from the recent
 * tokens, the new ones and padding (see decode-graph.ts). Grouped: the S query heads of one head of keys are rows of one
 * matrix, so that keys and values are read once.
 */

import { type DecodeShape, names, rowsOf, type Window } from './decode-graph.ts';
import type { GraphDraft } from './graph-draft.ts';
import { elementTypes, float, int, ints } from './onnx.ts';

export interface Attention {
  readonly layer: number;
  readonly shape: DecodeShape;
  /** What q . k is multiplied by. */
  readonly scale: number;
  /** Names of float32 [T, experts, heads * headDim], rotated. */
  readonly query: string;
  readonly key: string;
  readonly value: string;
  /** The name for the result, float32 [T, experts, heads * headDim]. */
  readonly output: string;
}

/** Adds the nodes and inputs of one layer's attention; the names of its new keys and values, [T, experts * kvHeads, headDim]. */
export function addAttention(draft: GraphDraft, attention: Attention): [string, string] {
  const { layer, shape, scale, key, value, output } = attention;
  const { headDim: D } = shape;
  const G = shape.experts * shape.kvHeads;
  const at = (name: string): string => attentionName(layer, name);
  const multiply = (a: string, b: string, to: string, transposed: boolean): string =>
    draft.add('FusedMatMul', [a, b], to, {
      transBatchB: int(1),
      ...(transposed && { transB: int(1), alpha: float(scale) }),
    });

  const queries = groupQueries(draft, attention);
  const newKey = draft.add('Reshape', [key, draft.int64(-1, G, D)], at('new.key'));
  const newValue = draft.add('Reshape', [value, draft.int64(-1, G, D)], at('new.value'));
  const block = (part: 'key' | 'value', rows: string): string =>
    draft.add('Concat', [names.recent(layer, part), rows, names.padding], at(`block.${part}`), {
      axis: int(0),
    });
  const keys = block('key', newKey);
  const values = block('value', newValue);

  const scores = draft.add(
    'Concat',
    [
      multiply(queries, names.past(layer, 'key'), at('scores.past'), true),
      multiply(queries, keys, at('scores.block'), true),
    ],
    at('scores'),
    { axis: int(-1) },
  );
  const window = windowOf(shape, layer);
  const masked = draft.add('Add', [scores, names.mask(window)], at('masked'));
  const shares = draft.add('Softmax', [masked], at('shares'), { axis: int(-1) });
  draft.addMany({
    operator: 'Split',
    inputs: [shares, names.parts(window)],
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
  ungroup(draft, attention, sum, output);

  for (const part of ['key', 'value'] as const) {
    draft.inputs.push(
      { name: names.past(layer, part), type: elementTypes.float, shape: [sizeName('past', window), G, D] },
      { name: names.recent(layer, part), type: elementTypes.float, shape: ['recent', G, D] },
    );
  }
  return [newKey, newValue];
}

function windowOf({ windows }: DecodeShape, layer: number): Window {
  const window = windows[layer];
  if (window === undefined) throw new RangeError(`no layer ${layer}`);
  return window;
}

/** Of an axis: sizes of one name are the same in all inputs. */
function sizeName(name: string, window: Window): string {
  return window === null ? name : `${name}.${window}`;
}

/** A name for a value within a layer's attention. */
export function attentionName(layer: number, name: string): string {
  return `attention.${layer}.${name}`;
}

/** [T, E, kvHeads * S * D] -> [G, T * S, D], T and S interleaved; G = E * kvHeads. */
function groupQueries(draft: GraphDraft, { layer, shape, query }: Attention): string {
  const { experts, kvHeads, headDim: D, queriesPerHead: S } = shape;
  const G = experts * kvHeads;
  const at = (name: string): string => attentionName(layer, name);
  const apart = draft.add('Reshape', [query, draft.int64(-1, G, S, D)], at('query.heads'));
  const grouped = draft.add('Transpose', [apart], at('query.grouped'), { perm: ints(1, 0, 2, 3) });
  return draft.add('Reshape', [grouped, draft.int64(G, -1, D)], at('queries'));
}

/** The way back, from [G, T * S, D] to [T, E, kvHeads * S * D]; of one expert, [1, T, kvHeads * S * D]. */
function ungroup(draft: GraphDraft, { layer, shape }: Attention, from: string, output: string): void {
  const { experts, kvHeads, headDim: D, queriesPerHead: S } = shape;
  const at = (name: string): string => attentionName(layer, name);
  const apart = draft.add('Reshape', [from, draft.int64(experts * kvHeads, -1, S, D)], at('mean.heads'));
  const rows = draft.add('Transpose', [apart], at('mean.rows'), { perm: ints(1, 0, 2, 3) });
  draft.add('Reshape', [rows, draft.int64(...rowsOf(experts, -1), kvHeads * S * D)], output);
}

/** Adds the inputs that all layers share, and the outputs. `newRows` names each layer's new keys and values in turn. */
export function addFrame(
  draft: GraphDraft,
  { shape, newRows }: { shape: DecodeShape; newRows: readonly string[] },
): void {
  const { layers, experts: E, headDim: D, vocabulary } = shape;
  const G = E * shape.kvHeads;
  const { float: real, int64 } = elementTypes;
  draft.inputs.push(
    { name: names.tokens, type: int64, shape: E === 1 ? [1, 'tokens'] : ['tokens', 1] },
    { name: names.padding, type: real, shape: ['padding', G, D] },
    { name: names.logitRows, type: int64, shape: ['rows'] },
  );
  for (const window of new Set(shape.windows)) {
    draft.inputs.push(
      { name: names.mask(window), type: real, shape: ['queries', sizeName('positions', window)] },
      { name: names.parts(window), type: int64, shape: [2] },
    );
  }
  if (shape.wantsPositions) {
    draft.inputs.push({ name: names.positions, type: int64, shape: rowsOf<string | number>(E, 'tokens') });
  }
  draft.add('Concat', newRows, names.newRows, { axis: int(1) });
  draft.outputs.push(
    { name: names.logits, type: real, shape: [...rowsOf<string | number>(E, 'rows'), vocabulary] },
    { name: names.newRows, type: real, shape: ['tokens', layers * 2 * G, D] },
  );
}

/** Splits `from` along its last axis. */
export function splitLast(
  draft: GraphDraft,
  { from, into }: { from: string; into: readonly (readonly [string, number])[] },
): void {
  draft.addMany({
    operator: 'Split',
    inputs: [from, draft.int64(...into.map(([, size]) => size))],
    outputs: into.map(([name]) => name),
    attributes: { axis: int(-1) },
  });
}
