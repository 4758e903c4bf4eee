/**
 * Keys and values of one context in the layout of graph/decode-graph.ts: for every layer and part a buffer [capacity,
 * experts * kvHeads * headDim] whose beginning is given to the graph as it lies. Appending writes the new rows; going back is a shorter length.
 */

import type { DecodeShape } from '../graph/decode-graph.ts';
import { BLOCK } from '../graph/decode-graph.ts';
import type { Memory } from './decoder.ts';

export interface KvBuffers extends Memory {
  fork(kept: number): KvBuffers;
  /**
   * Rows [from, to) of keys (part 0) or values (part 1) of a layer, float32 [to - from, kvHeads * headDim]: a view that the
   * next `append` may leave behind.
   */
  rows(layer: number, part: 0 | 1, range: { readonly from: number; readonly to: number }): Float32Array;
  /** Appends tokens: float32 [tokens, layers * 2 * kvHeads * headDim], layer by layer keys, then values. */
  append(rows: Float32Array, tokens: number): void;
  /** Changes whenever views from before are no longer of the buffers in use. */
  readonly generation: number;
}

const FIRST_CAPACITY = 4 * BLOCK;

export function createKvBuffers(shape: DecodeShape, contextLength: number): KvBuffers {
  const width = shape.experts * shape.kvHeads * shape.headDim;
  const count = 2 * shape.layers;
  let buffers: Float32Array[] = [];
  let capacity = 0;
  let length = 0;
  let generation = 0;

  const grow = (needed: number): void => {
    if (needed <= capacity) return;
    capacity = Math.max(needed, Math.min(contextLength, Math.max(FIRST_CAPACITY, 2 * capacity)));
    const old = buffers;
    buffers = Array.from({ length: count }, (_, i) => {
      const buffer = new Float32Array(capacity * width);
      const before = old[i];
      if (before !== undefined) buffer.set(before.subarray(0, length * width));
      return buffer;
    });
    generation++;
  };
  const buffer = (index: number): Float32Array => {
    const found = buffers[index];
    if (found === undefined) throw new RangeError(`no buffer ${index}`);
    return found;
  };

  return {
    get length() {
      return length;
    },
    get bytes() {
      return 4 * count * capacity * width;
    },
    get generation() {
      return generation;
    },
    reserve(tokens) {
      // A prompt is seldom the end of a text.
      if (tokens > capacity)
        grow(Math.min(contextLength, BLOCK * Math.ceil(tokens / BLOCK) + FIRST_CAPACITY));
    },
    truncate(kept) {
      if (kept > length) throw new RangeError(`${kept} tokens of ${length} cannot be kept`);
      length = kept;
    },
    fork(kept) {
      const other = createKvBuffers(shape, contextLength);
      const all = new Float32Array(kept * count * width);
      for (let i = 0; i < count; i++) {
        for (let token = 0; token < kept; token++) {
          all.set(buffer(i).subarray(token * width, (token + 1) * width), (token * count + i) * width);
        }
      }
      if (kept > 0) other.append(all, kept);
      return other;
    },
    rows(layer, part, { from, to }) {
      return buffers.length === 0 && from === to
        ? new Float32Array(0)
        : buffer(2 * layer + part).subarray(from * width, to * width);
    },
    append(rows, tokens) {
      grow(length + tokens);
      for (let i = 0; i < count; i++) {
        const to = buffer(i);
        for (let token = 0; token < tokens; token++) {
          const start = (token * count + i) * width;
          to.set(rows.subarray(start, start + width), (length + token) * width);
        }
      }
      length += tokens;
    },
  };
}
