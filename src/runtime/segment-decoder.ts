/** Runs a graph of the form of graph/decode-graph.ts. The past is handed over as views of its buffers, never copied. */

import * as ort from 'onnxruntime-node';
import { BLOCK, type DecodeShape, names } from '../graph/decode-graph.ts';
import { type Decoder, logitsOf } from './decoder.ts';
import { createKvBuffers, type KvBuffers } from './kv-buffers.ts';
import { counting, int64 } from './tensors.ts';

type Feeds = Record<string, ort.Tensor>;

export function createSegmentDecoder(
  session: ort.InferenceSession,
  shape: DecodeShape,
  contextLength: number,
): Decoder<KvBuffers> {
  const { layers, experts, headDim, queriesPerHead } = shape;
  const kvHeads = experts * shape.kvHeads;
  const width = kvHeads * headDim;
  const nothing = new Float32Array(BLOCK * width);
  const pastOf = createPastTensors(shape, nothing);

  return {
    createMemory: () => createKvBuffers(shape, contextLength),
    runEnd: (from, to) => Math.min(to, BLOCK * (Math.floor(from / BLOCK) + 1)),
    async feed(memory, tokens, rows) {
      const { length } = memory;
      const blockStart = length - (length % BLOCK);
      const recent = length - blockStart;
      const past = Math.max(BLOCK, blockStart);
      const padding = BLOCK - recent - tokens.length;
      if (padding < 0) throw new RangeError(`${tokens.length} tokens after ${length} are more than a block`);
      const feeds: Feeds = {
        ...pastOf(memory, blockStart),
        [names.tokens]: int64(tokens, [1, tokens.length]),
        [names.mask]: new ort.Tensor(
          'float32',
          maskOf({ past, hidden: past - blockStart, recent, tokens: tokens.length, each: queriesPerHead }),
          [tokens.length * queriesPerHead, past + BLOCK],
        ),
        [names.parts]: int64([past, BLOCK], [2]),
        [names.padding]: new ort.Tensor('float32', nothing.subarray(0, padding * width), [
          padding,
          kvHeads,
          headDim,
        ]),
        [names.logitRows]: int64(counting(tokens.length - rows, rows), [rows]),
      };
      if (shape.wantsPositions) {
        const positions = counting(length, tokens.length);
        const each = Array.from({ length: experts }, () => positions);
        feeds[names.positions] = int64(each.flat(), [experts, tokens.length]);
      }
      for (let layer = 0; layer < layers; layer++) {
        for (const [part, name] of parts) {
          feeds[names.recent(layer, name)] = new ort.Tensor(
            'float32',
            memory.rows(layer, part, { from: blockStart, to: length }),
            [recent, kvHeads, headDim],
          );
        }
      }
      const results = await session.run(feeds);
      const { data } = logitsOf(results);
      memory.append(results[names.newRows]?.data as Float32Array, tokens.length);
      return data;
    },
    release: () => session.release(),
  };
}

const parts = [
  [0, 'key'],
  [1, 'value'],
] as const;

/** The tensors of the past, made anew only when it grew by a block or lies elsewhere. */
function createPastTensors(
  { layers, experts, kvHeads, headDim }: DecodeShape,
  nothing: Float32Array,
): (memory: KvBuffers, length: number) => Feeds {
  const made = new WeakMap<KvBuffers, { generation: number; length: number; feeds: Feeds }>();
  return (memory, length) => {
    const { generation } = memory;
    const before = made.get(memory);
    if (before?.generation === generation && before.length === length) return before.feeds;
    const feeds: Feeds = {};
    for (let layer = 0; layer < layers; layer++) {
      for (const [part, name] of parts) {
        const data = length === 0 ? nothing : memory.rows(layer, part, { from: 0, to: length });
        feeds[names.past(layer, name)] = new ort.Tensor('float32', data, [
          length || BLOCK,
          experts * kvHeads,
          headDim,
        ]);
      }
    }
    made.set(memory, { generation, length, feeds });
    return feeds;
  };
}

interface MaskSizes {
  readonly past: number;
  /** Positions of the past that are none, from its start. */
  readonly hidden: number;
  readonly recent: number;
  readonly tokens: number;
  /** Rows for each token. */
  readonly each: number;
}

/** float32 [tokens * each, past + BLOCK]: 0 where a token sees a position, else minus infinity. */
function maskOf({ past, hidden, recent, tokens, each }: MaskSizes): Float32Array {
  const columns = past + BLOCK;
  const mask = new Float32Array(tokens * each * columns);
  for (let token = 0; token < tokens; token++) {
    for (let row = token * each; row < (token + 1) * each; row++) {
      const start = row * columns;
      mask.fill(Number.NEGATIVE_INFINITY, start, start + hidden);
      mask.fill(Number.NEGATIVE_INFINITY, start + past + recent + token + 1, start + columns);
    }
  }
  return mask;
}
