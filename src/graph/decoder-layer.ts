/**
 * One layer of a built graph: attention and the feed-forward part, each behind a norm, added to the residual stream. Gemma
 * normalises what either gives as well, before it is added.
 */

import type { ModelConfig } from './config.ts';
import { type DecodeShape, names, rowsOf } from './decode-graph.ts';
import { addAttention, attentionName, splitLast } from './decoder-attention.ts';
import type { GraphDraft } from './graph-draft.ts';
import { addLinear, type Bits, readTensor, storeFloats, type WeightsStore } from './linear.ts';
import { float, int } from './onnx.ts';

export interface Building {
  readonly store: WeightsStore;
  readonly config: ModelConfig;
  readonly shape: DecodeShape;
  readonly bits: Bits;
}

/** The residual stream: the sum so far, and what is yet to be added to it. */
export interface Stream {
  readonly sum: string;
  readonly add: string | undefined;
}

/** What the constants of a rotation are called, float32 [positions, headDim / 2]. */
export function rotaryNames(rotation: 'global' | 'local'): { readonly cos: string; readonly sin: string } {
  return rotation === 'global' ? { cos: 'cos', sin: 'sin' } : { cos: 'cos.local', sin: 'sin.local' };
}

/** Adds layer `layer`; the names of its new keys and values, and the stream after it. */
export async function addLayer(
  building: Building,
  layer: number,
  stream: Stream,
): Promise<{ readonly newRows: readonly [string, string]; readonly stream: Stream }> {
  const at = `model.layers.${layer}`;
  const { postNorms } = building.config;
  const before = await addNorm(building, `${at}.input_layernorm`, stream);
  const newRows = await addSelfAttention(building, layer, before.normed);
  const attended = postNorms
    ? await addPostNorm(building, `${at}.post_attention_layernorm`, `${at}.attention`)
    : `${at}.attention`;
  const between = await addNorm(
    building,
    postNorms ? `${at}.pre_feedforward_layernorm` : `${at}.post_attention_layernorm`,
    { sum: before.sum, add: attended },
  );
  const fed = await addFeedForward(building, layer, between.normed);
  const add = postNorms ? await addPostNorm(building, `${at}.post_feedforward_layernorm`, fed) : fed;
  return { newRows, stream: { sum: between.sum, add } };
}

/** Normalises what a part of a layer gives; the name of its output. */
async function addPostNorm(building: Building, name: string, from: string): Promise<string> {
  return (await addNorm(building, name, { sum: from, add: undefined })).normed;
}

/** Adds what is yet to be added, and normalises the sum. */
export async function addNorm(
  { store, config }: Building,
  name: string,
  { sum, add }: Stream,
): Promise<{ readonly normed: string; readonly sum: string }> {
  const { draft } = store;
  const weight = await storeNorm({ store, config }, `${name}.weight`, config.hiddenSize);
  const normed = `${name}.out`;
  const epsilon = float(config.normEpsilon);
  if (add === undefined) {
    draft.add('SimplifiedLayerNormalization', [sum, weight], normed, { epsilon, axis: int(-1) });
    return { normed, sum };
  }
  const next = `${name}.sum`;
  draft.addMany({
    operator: 'SkipSimplifiedLayerNormalization',
    inputs: [sum, add, weight],
    outputs: [normed, '', '', next],
    attributes: { epsilon },
  });
  return { normed, sum: next };
}

/** The names of the layer's new keys and values; its output is `model.layers.I.attention`. */
async function addSelfAttention(
  { store, config, shape, bits }: Building,
  layer: number,
  from: string,
): Promise<[string, string]> {
  const { draft } = store;
  const { heads, kvHeads, headDim } = config;
  const self = `model.layers.${layer}.self_attn`;
  const at = (name: string): string => attentionName(layer, name);
  const [querySize, keySize] = [heads * headDim, kvHeads * headDim];
  const projected = await addLinear(store, {
    from,
    to: at('projected'),
    modules: [
      { name: `${self}.q_proj`, rows: querySize },
      { name: `${self}.k_proj`, rows: keySize },
      { name: `${self}.v_proj`, rows: keySize },
    ],
    columns: config.hiddenSize,
    bits,
    bias: config.bias.qkv,
  });
  const rotation = config.rotations[layer] ?? 'global';
  const rotate = (input: string, count: number, to: string): string => {
    if (rotation === 'none') return input;
    const { cos, sin } = rotaryNames(rotation);
    return draft.add('RotaryEmbedding', [input, names.positions, cos, sin], to, {
      interleaved: int(0),
      num_heads: int(count),
    });
  };
  let [query, key] = [at('query'), at('key')];
  const value = at('value');
  if (config.qkNorm) {
    splitLast(draft, {
      from: projected,
      into: [
        [at('q'), querySize],
        [at('k'), keySize],
        [value, keySize],
      ],
    });
    const normed = (part: 'q' | 'k', count: number): Promise<string> =>
      addHeadNorm(
        { store, config, shape },
        { name: `${self}.${part}_norm.weight`, from: at(part), heads: count },
      );
    query = rotate(await normed('q', heads), heads, query);
    key = rotate(await normed('k', kvHeads), kvHeads, key);
  } else {
    splitLast(draft, {
      from: projected,
      into: [
        [at('qk'), querySize + keySize],
        [value, keySize],
      ],
    });
    splitLast(draft, {
      from: rotate(at('qk'), heads + kvHeads, at('qk.rotated')),
      into: [
        [query, querySize],
        [key, keySize],
      ],
    });
  }
  const output = at('output');
  const rows = addAttention(draft, {
    layer,
    shape,
    scale: config.attentionScale,
    query,
    key,
    value,
    output,
  });
  await addLinear(store, {
    from: output,
    to: `model.layers.${layer}.attention`,
    modules: [{ name: `${self}.o_proj`, rows: config.hiddenSize }],
    columns: querySize,
    bits,
    bias: config.bias.output,
  });
  return rows;
}

/** Writes the weight [size] of a norm as what is multiplied by. */
function storeNorm(
  { store, config }: Pick<Building, 'store' | 'config'>,
  name: string,
  size: number,
): Promise<string> {
  const read = async () => {
    const weight = await readTensor(store, name, [size]);
    return config.normOffset === 0 ? weight : weight.map((value) => value + config.normOffset);
  };
  return storeFloats(store, name, read, [size]);
}

/** Normalises each head for itself (qwen3, Gemma). */
async function addHeadNorm(
  { store, config, shape }: Pick<Building, 'store' | 'config' | 'shape'>,
  { name, from, heads }: { name: string; from: string; heads: number },
): Promise<string> {
  const { draft } = store;
  const { headDim } = config;
  const weight = await storeNorm({ store, config }, name, headDim);
  const apart = draft.add(
    'Reshape',
    [from, draft.int64(...rowsOf(shape.experts, -1), heads, headDim)],
    `${from}.heads`,
  );
  const normed = draft.add('SimplifiedLayerNormalization', [apart, weight], `${from}.normed`, {
    epsilon: float(config.normEpsilon),
    axis: int(-1),
  });
  return draft.add(
    'Reshape',
    [normed, draft.int64(...rowsOf(shape.experts, -1), heads * headDim)],
    `${from}.joined`,
  );
}

/** down(activation(gate(x)) * up(x)); the name of its output. */
async function addFeedForward(
  { store, config, bits }: Building,
  layer: number,
  from: string,
): Promise<string> {
  const { draft } = store;
  const mlp = `model.layers.${layer}.mlp`;
  const { hiddenSize, intermediateSize: inner } = config;
  const [gate, up] = [`${mlp}.gate`, `${mlp}.up`];
  const both = await addLinear(store, {
    from,
    to: `${mlp}.gate_up`,
    modules: [gate, up].map((name) => ({ name: `${name}_proj`, rows: inner })),
    columns: hiddenSize,
    bits,
    bias: config.bias.feedForward,
  });
  splitLast(draft, {
    from: both,
    into: [
      [gate, inner],
      [up, inner],
    ],
  });
  const active = addActivation(draft, config.activation, gate, `${mlp}.active`);
  return addLinear(store, {
    from: draft.add('Mul', [active, up], `${mlp}.product`),
    to: `${mlp}.out`,
    modules: [{ name: `${mlp}.down_proj`, rows: hiddenSize }],
    columns: inner,
    bits,
    bias: config.bias.feedForward,
  });
}

function addActivation(
  draft: GraphDraft,
  activation: ModelConfig['activation'],
  from: string,
  to: string,
): string {
  switch (activation) {
    case 'silu':
      // x * sigmoid(alpha x)
      return draft.add('QuickGelu', [from], to, { alpha: float(1) });
    case 'gelu-tanh':
      return draft.add('FastGelu', [from], to);
    default:
      return activation satisfies never;
  }
}
