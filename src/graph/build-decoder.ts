/**
 * Builds the decode graph of a model of the llama, qwen2 or qwen3 family from its config and tensors, in the form of
 * decode-graph.ts. Weights go tensor by tensor into a file beside the graph. Experts that are adapters of one base are rows of
 * one batch in one graph.
 */

import type { Adapter } from './adapter.ts';
import type { ModelConfig } from './config.ts';
import type { DecodeGraph, DecodeShape } from './decode-graph.ts';
import { names } from './decode-graph.ts';
import { addAttention, addFrame, attentionName, splitLast } from './decoder-attention.ts';
import { createGraphDraft } from './graph-draft.ts';
import {
  addLinear,
  addProduct,
  readTensor,
  type StoredMatrix,
  storeFloats,
  storeMatrix,
  type WeightsStore,
} from './linear.ts';
import { unsupportedModel } from './model-error.ts';
import { float, int, MICROSOFT, type OnnxTensor } from './onnx.ts';
import { writeOnnx } from './onnx-write.ts';
import { rotaryLimit, rotaryTable } from './rotary-table.ts';
import type { TensorSource } from './tensor-source.ts';
import type { WeightsFile } from './weights-file.ts';

export interface BuildOptions {
  /** For error messages. */
  readonly file: string;
  readonly config: ModelConfig;
  /** Named as Hugging Face names them. */
  readonly source: TensorSource;
  readonly weights: Pick<WeightsFile, 'add'>;
  /** `q4`: 4 bits, and 8 for the embedding and the head. */
  readonly precision: 'fp32' | 'q4';
  /** Positions that the graph can take, at most the config's. */
  readonly contextLength: number;
  /** For several experts over one base: the adapter of each, null for the base itself. */
  readonly adapters?: readonly (Adapter | null)[];
  /** Constants of the same model's graph in the same precision, by name: they are used as they lie. */
  readonly stored?: ReadonlyMap<string, OnnxTensor>;
  /** Called with values rising in [0, 1]. */
  readonly onProgress?: (progress: number) => void;
}

/** The longest context that a graph of this config can be built for. */
export function longestContext({ maxPositions, rope }: ModelConfig): number {
  return Math.min(maxPositions, rotaryLimit(rope));
}

export async function buildDecoder(options: BuildOptions): Promise<DecodeGraph> {
  const { config, file, source, weights, precision, contextLength, onProgress } = options;
  refuseOthers(file, config, contextLength);
  const adapters = options.adapters ?? [null];
  const draft = createGraphDraft();
  const store: WeightsStore = { file, source, weights, draft, adapters, stored: options.stored };
  const shape: DecodeShape = {
    layers: config.layers,
    experts: adapters.length,
    kvHeads: config.kvHeads,
    headDim: config.headDim,
    queriesPerHead: config.heads / config.kvHeads,
    wantsPositions: true,
    vocabulary: config.vocabulary,
  };
  const building: Building = { store, config, shape, bits: precision === 'q4' ? 4 : 32 };

  const table = await addEmbedding(building);
  const rotary = rotaryTable(config.rope, config.headDim, contextLength);
  for (const part of ['cos', 'sin'] as const)
    await storeFloats(store, part, async () => rotary[part], [contextLength, config.headDim / 2]);

  const newRows: string[] = [];
  let stream: Stream = { sum: 'embedding', add: undefined };
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const first = await addNorm(building, `${at}.input_layernorm`, stream);
    newRows.push(...(await addSelfAttention(building, layer, first.normed)));
    const second = await addNorm(building, `${at}.post_attention_layernorm`, {
      sum: first.sum,
      add: `${at}.attention`,
    });
    stream = { sum: second.sum, add: await addFeedForward(building, layer, second.normed) };
    onProgress?.((layer + 1) / (config.layers + 1));
  }
  const { normed } = await addNorm(building, 'model.norm', stream);
  await addHead(building, table, normed);
  addFrame(draft, { shape, newRows });
  onProgress?.(1);
  const model = writeOnnx({
    irVersion: 10,
    opsets: [
      { domain: '', version: 21 },
      { domain: MICROSOFT, version: 1 },
    ],
    ...draft,
  });
  return { model, shape };
}

interface Building {
  readonly store: WeightsStore;
  readonly config: ModelConfig;
  readonly shape: DecodeShape;
  readonly bits: 4 | 32;
}

/** The residual stream: the sum so far, and what is yet to be added to it. */
interface Stream {
  readonly sum: string;
  readonly add: string | undefined;
}

function refuseOthers(file: string, config: ModelConfig, contextLength: number): void {
  const { family, windows } = config;
  if (family === 'gemma3_text') {
    throw unsupportedModel(file, 'it is a Gemma, and Chorus builds graphs for Llama and Qwen');
  }
  if (windows.some((window) => window !== null && window < contextLength)) {
    throw unsupportedModel(file, 'some of its layers see a window only');
  }
  if (contextLength > longestContext(config)) {
    throw new RangeError(`a context of ${contextLength} is longer than ${longestContext(config)}`);
  }
}

/** Writes the embedding and looks the tokens up in it; the table, which may also be the head. */
async function addEmbedding({ store, config, shape, bits }: Building): Promise<StoredMatrix> {
  const { draft } = store;
  const { vocabulary: rows, hiddenSize: columns } = config;
  if (bits !== 32 && columns % 32 !== 0) {
    throw unsupportedModel(
      store.file,
      `its width ${columns} is no multiple of 32, which its embedding needs`,
    );
  }
  const name = 'model.embed_tokens.weight';
  const read = () => readTensor(store, name, [rows, columns]);
  const table = await storeMatrix(store, { name, read, rows, columns, bits: bits === 32 ? 32 : 8 });
  const looked = shape.experts === 1 ? 'embedding' : 'embedding.once';
  if (table.bits === 32) draft.add('Gather', [name, names.tokens], looked);
  else {
    // The same bytes of the file, as a matrix: the head reads them in blocks.
    const stored = draft.tensors.find((tensor) => tensor.name === name);
    if (stored === undefined) throw new Error('the table was just stored');
    draft.tensors.push({ ...stored, name: `${name}.rows`, dims: [rows, columns] });
    const inputs = [`${name}.rows`, names.tokens, `${name}.scales`];
    if (table.zeroPoints) inputs.push(`${name}.zero_points`);
    draft.add('GatherBlockQuantized', inputs, looked, {
      bits: int(8),
      block_size: int(32),
      gather_axis: int(0),
      quantize_axis: int(1),
    });
  }
  if (shape.experts > 1) {
    draft.add('Expand', [looked, draft.int64(shape.experts, 1, 1)], 'embedding');
  }
  return table;
}

async function addNorm(
  { store, config }: Building,
  name: string,
  { sum, add }: Stream,
): Promise<{ readonly normed: string; readonly sum: string }> {
  const { draft } = store;
  const weight = await storeFloats(
    store,
    `${name}.weight`,
    () => readTensor(store, `${name}.weight`, [config.hiddenSize]),
    [config.hiddenSize],
  );
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
  const rotate = (input: string, count: number, to: string): string =>
    draft.add('RotaryEmbedding', [input, names.positions, 'cos', 'sin'], to, {
      interleaved: int(0),
      num_heads: int(count),
    });
  const [query, key, value] = [at('query'), at('key'), at('value')];
  if (config.qkNorm) {
    splitLast(draft, {
      from: projected,
      into: [
        [at('q'), querySize],
        [at('k'), keySize],
        [value, keySize],
      ],
    });
    for (const [part, count, to] of [
      ['q', heads, query],
      ['k', kvHeads, key],
    ] as const) {
      const normed = await addHeadNorm(
        { store, config, shape },
        { name: `${self}.${part}_norm.weight`, from: at(part), heads: count },
      );
      rotate(normed, count, to);
    }
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

/** Normalises each head for itself (qwen3). */
async function addHeadNorm(
  { store, config, shape }: Pick<Building, 'store' | 'config' | 'shape'>,
  { name, from, heads }: { name: string; from: string; heads: number },
): Promise<string> {
  const { draft } = store;
  const { headDim } = config;
  const weight = await storeFloats(store, name, () => readTensor(store, name, [headDim]), [headDim]);
  const apart = draft.add('Reshape', [from, draft.int64(shape.experts, -1, heads, headDim)], `${from}.heads`);
  const normed = draft.add('SimplifiedLayerNormalization', [apart, weight], `${from}.normed`, {
    epsilon: float(config.normEpsilon),
    axis: int(-1),
  });
  return draft.add('Reshape', [normed, draft.int64(shape.experts, -1, heads * headDim)], `${from}.joined`);
}

/** down(silu(gate(x)) * up(x)); the name of its output. */
async function addFeedForward(
  { store, config, bits }: Building,
  layer: number,
  from: string,
): Promise<string> {
  const { draft } = store;
  const mlp = `model.layers.${layer}.mlp`;
  const { hiddenSize, intermediateSize: inner } = config;
  const linear = (name: string, input: string, rows: number, columns: number): Promise<string> =>
    addLinear(store, {
      from: input,
      to: `${mlp}.${name}.out`,
      modules: [{ name: `${mlp}.${name}_proj`, rows }],
      columns,
      bits,
      bias: false,
    });
  const gate = await linear('gate', from, inner, hiddenSize);
  const up = await linear('up', from, inner, hiddenSize);
  // x * sigmoid(alpha x)
  const active = draft.add('QuickGelu', [gate], `${mlp}.active`, { alpha: float(1) });
  const product = draft.add('Mul', [active, up], `${mlp}.product`);
  return linear('down', product, hiddenSize, inner);
}

async function addHead({ store, config, bits }: Building, table: StoredMatrix, from: string): Promise<void> {
  const { draft } = store;
  const chosen = draft.add('Gather', [from, names.logitRows], 'chosen', { axis: int(1) });
  if (config.tiedEmbeddings) {
    addProduct(draft, table, chosen, names.logits);
    return;
  }
  const name = 'lm_head.weight';
  const { vocabulary: rows, hiddenSize: columns } = config;
  const read = () => readTensor(store, name, [rows, columns]);
  const head = await storeMatrix(store, { name, read, rows, columns, bits: bits === 32 ? 32 : 8 });
  addProduct(draft, head, chosen, names.logits);
}
