/** Runs a graph of the form of graph/decode-graph.ts. The past is handed over as views of its buffers, never copied. */

import * as ort from 'onnxruntime-node';
import { BLOCK, type DecodeShape, names, rowsOf, type Window, widestWindow } from '../graph/decode-graph.ts';
import { type Decoder, logitsOf } from './decoder.ts';
import { createKvBuffers, type KvBuffers } from './kv-buffers.ts';
import { createShortLived } from './short-lived.ts';
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
  const windows = new Set(shape.windows);
  const shortLived = createShortLived();

  return {
    window: widestWindow(shape),
    createMemory: () => createKvBuffers(shape, contextLength),
    runEnd: (from, to, most = BLOCK) => Math.min(to, from + most, BLOCK * (Math.floor(from / BLOCK) + 1)),
    async feed(memory, tokens, rows) {
      const { length } = memory;
      const blockStart = length - (length % BLOCK);
      const recent = length - blockStart;
      const padding = BLOCK - recent - tokens.length;
      if (padding < 0) throw new RangeError(`${tokens.length} tokens after ${length} are more than a block`);
      const feeds: Feeds = {
        ...pastOf(memory, blockStart),
        [names.tokens]: int64(tokens, experts === 1 ? [1, tokens.length] : [tokens.length, 1]),
        [names.padding]: new ort.Tensor('float32', nothing.subarray(0, padding * width), [
          padding,
          kvHeads,
          headDim,
        ]),
        [names.logitRows]: int64(counting(tokens.length - rows, rows), [rows]),
      };
      let masks = 0;
      for (const window of windows) {
        const given = blockStart - pastFrom(blockStart, window);
        const past = given || BLOCK;
        const mask = maskOf({
          past,
          hidden: past - given,
          recent,
          tokens: tokens.length,
          each: queriesPerHead,
          window,
        });
        masks += mask.byteLength;
        feeds[names.mask(window)] = new ort.Tensor('float32', mask, [
          tokens.length * queriesPerHead,
          past + BLOCK,
        ]);
        feeds[names.parts(window)] = int64([past, BLOCK], [2]);
      }
      if (shape.wantsPositions) {
        const positions = counting(length, tokens.length).flatMap((at) =>
          new Array<number>(experts).fill(at),
        );
        feeds[names.positions] = int64(positions, rowsOf(experts, tokens.length));
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
      const newRows = results[names.newRows]?.data as Float32Array;
      memory.append(newRows, tokens.length);
      shortLived.made(data.byteLength + newRows.byteLength + masks);
      return data;
    },
    release: () => session.release(),
  };
}

const parts = [
  [0, 'key'],
  [1, 'value'],
] as const;

/** The first token of the past that a layer is given, where its block begins at `blockStart`. */
function pastFrom(blockStart: number, window: Window): number {
  return window === null ? 0 : Math.max(0, blockStart - BLOCK * Math.ceil((window - 1) / BLOCK));
}

/** The tensors of the past, made anew only when it grew by a block or lies elsewhere. */
function createPastTensors(
  { windows, experts, kvHeads, headDim }: DecodeShape,
  nothing: Float32Array,
): (memory: KvBuffers, length: number) => Feeds {
  const made = new WeakMap<KvBuffers, { generation: number; length: number; feeds: Feeds }>();
  return (memory, length) => {
    const { generation } = memory;
    const before = made.get(memory);
    if (before?.generation === generation && before.length === length) return before.feeds;
    const feeds: Feeds = {};
    for (const [layer, window] of windows.entries()) {
      const from = pastFrom(length, window);
      for (const [part, name] of parts) {
        const data = from === length ? nothing : memory.rows(layer, part, { from, to: length });
        feeds[names.past(layer, name)] = new ort.Tensor('float32', data, [
          length - from || BLOCK,
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
  readonly window: Window;
}

/** float32 [tokens * each, past + BLOCK]: 0 where a token sees a position, else minus infinity. */
function maskOf({ past, hidden, recent, tokens, each, window }: MaskSizes): Float32Array {
  const columns = past + BLOCK;
  const mask = new Float32Array(tokens * each * columns);
  for (let token = 0; token < tokens; token++) {
    const own = past + recent + token;
    const first = window === null ? hidden : Math.max(hidden, own + 1 - window);
    for (let row = token * each; row < (token + 1) * each; row++) {
      const start = row * columns;
      mask.fill(Number.NEGATIVE_INFINITY, start, start + first);
      mask.fill(Number.NEGATIVE_INFINITY, start + own + 1, start + columns);
    }
  }
  return mask;
}
