import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBlocksInto } from '../../src/graph/decode-blocks.ts';
import { openGgufModel } from '../../src/graph/gguf-model.ts';
import { dequantize, quantize } from '../../src/graph/quantize.ts';
import { columnsWithSums, repack } from '../../src/graph/repack.ts';
import { emptyBlocks, type SteppedType, steppedBits, takeBlocks } from '../../src/graph/stored-blocks.ts';
import { blockSizes } from '../../src/graph/tensor-bytes.ts';
import type { StoredBlocks } from '../../src/graph/tensor-source.ts';
import { temporaryFolder } from '../programs.ts';
import { ggufBytes } from './gguf-bytes.ts';
import { counting, tinyConfig, tinyTensors, tinyTokenizer } from './gguf-models.ts';

const types = ['q4_0', 'q4_1', 'q4_k', 'q8_0'] as const satisfies readonly SteppedType[];
/** Where float16 numbers lie in a block. */
const halves: Readonly<Record<SteppedType, readonly number[]>> = {
  q4_0: [0],
  q4_1: [0, 2],
  q4_k: [0, 2],
  q8_0: [0],
};

/** A block of random bytes whose float16 numbers are finite. */
const blockOf = (type: SteppedType) =>
  fc.uint8Array({ minLength: blockSizes[type].bytes, maxLength: blockSizes[type].bytes }).map((bytes) => {
    const block = new Uint8Array(bytes);
    for (const at of halves[type]) block[at + 1] = (block[at + 1] as number) & 0xbf;
    return block;
  });

function taken(type: SteppedType, bytes: Uint8Array, rows = 1): StoredBlocks {
  const columns = ((bytes.length / blockSizes[type].bytes) * blockSizes[type].values) / rows;
  const blocks = emptyBlocks(rows, columns, steppedBits[type]);
  takeBlocks(type, bytes, blocks, 0);
  return blocks;
}

/** scale * code + offset, rounded once. */
function valuesOf({ rows, columns, bits, packed, scales, offsets }: StoredBlocks): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const block = Math.floor(i / 32);
    const code = bits === 8 ? packed[i] : ((packed[i >> 1] as number) >> ((i & 1) * 4)) & 15;
    return (scales[block] as number) * (code as number) + (offsets[block] as number);
  });
}

/** What the matrix stands for, further columns added to those whose sums they are of. */
function effective(matrix: ReturnType<typeof repack>, columns: number): Float64Array {
  const all = dequantize(matrix);
  return Float64Array.from({ length: matrix.rows * columns }, (_, i) => {
    const column = i % columns;
    const row = ((i - column) / columns) * matrix.columns;
    const further = matrix.columns > columns ? (all[row + columns + Math.floor(column / 32)] as number) : 0;
    return (all[row + column] as number) + further;
  });
}

const squares = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0);

describe.each(types)('blocks of %s', (type) => {
  it('are taken over with the values that they are decoded to', () => {
    fc.assert(
      fc.property(blockOf(type), blockOf(type), (a, b) => {
        const bytes = new Uint8Array([...a, ...b]);
        const decoded = new Float32Array(2 * blockSizes[type].values);
        decodeBlocksInto(type, bytes, decoded);
        const zero = (values: Float32Array): Float32Array => values.map((x) => x + 0);
        expect(zero(valuesOf(taken(type, bytes)))).toEqual(zero(decoded));
      }),
    );
  });
});

describe('blocks taken into a graph', () => {
  it.each(['q4_0', 'q8_0'] as const)('of %s are the same numbers, and nothing else', (type) => {
    fc.assert(
      fc.property(blockOf(type), (bytes) => {
        const blocks = taken(type, bytes);
        const values = valuesOf(blocks);
        const matrix = repack(blocks);
        expect(matrix.columns).toBe(32);
        expect(matrix.zeroPoints).toBeUndefined();
        expect(dequantize(matrix).map((x) => x + 0)).toEqual(values.map((x) => x + 0));
      }),
    );
  });

  it('keep zero points that are whole, and need no sums then', () => {
    const blocks = emptyBlocks(2, 64, 4);
    blocks.packed.fill(0xf0);
    blocks.scales.fill(0.25);
    blocks.offsets.set([-0.5, -1, 0, -3.75]);
    const matrix = repack(blocks);
    expect(matrix.columns).toBe(64);
    expect([...(matrix.zeroPoints ?? [])]).toEqual([0x42, 0xf0]);
    expect(dequantize(matrix)).toEqual(valuesOf(blocks));
  });

  it('lose of their offsets less than a hundredth of what rounding anew loses, in squares', () => {
    // As ggml makes q4_1: steps from the least to the greatest value of each block.
    let state = 1;
    const uniform = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const [rows, columns] = [6, 576];
    const blocks = emptyBlocks(rows, columns, 4);
    for (let i = 0; i < blocks.packed.length; i++) blocks.packed[i] = Math.floor(256 * uniform());
    for (let b = 0; b < blocks.scales.length; b++) {
      blocks.scales[b] = 0.01 + 0.005 * uniform();
      blocks.offsets[b] = -(6 + 3 * uniform()) * (blocks.scales[b] as number);
    }
    const values = valuesOf(blocks);
    const matrix = repack(blocks);
    expect(matrix.columns).toBe(columnsWithSums(columns));
    expect(matrix.columns % 128).toBe(0);
    const anew = dequantize(quantize(values, { rows, columns, bits: 4, method: 'k-quant' }));
    expect(squares(effective(matrix, columns), values)).toBeLessThan(0.01 * squares(anew, values));
    // The negative control: without the further columns it is no better than that.
    const without = dequantize({ ...matrix }).filter((_, i) => i % matrix.columns < columns);
    expect(squares(without, values)).toBeGreaterThan(0.5 * squares(anew, values));
  });

  it('stay finite where the file’s numbers are not', () => {
    const blocks = emptyBlocks(1, 64, 4);
    blocks.packed.fill(0x7f);
    blocks.scales.set([Number.POSITIVE_INFINITY, 0.5]);
    blocks.offsets.set([Number.NaN, 1]);
    const values = dequantize(repack(blocks));
    expect(values.every((value) => Number.isFinite(value))).toBe(true);
    expect(values.subarray(0, 32).map((x) => x + 0)).toEqual(new Float32Array(32));
  });

  it('of Llama’s queries have their rows moved as its floats have', async () => {
    const data = Uint8Array.from({ length: 32 * 20 }, (_, i) => (i * 37 + (i >> 5)) & 0x3f);
    const matrix = { shape: [32, 32], type: 3, data };
    const tensors = {
      ...Object.fromEntries(
        Object.entries(tinyTensors).map(([name, tensor]) => [
          name,
          counting(tensor.shape.map((size) => (size === 8 ? 32 : size))),
        ]),
      ),
      'blk.0.attn_q.weight': matrix,
    };
    const file = join(temporaryFolder(), 'model.gguf');
    const more = {
      'llama.embedding_length': { type: 4, value: 32 },
      'llama.attention.head_count': { type: 4, value: 8 },
    };
    writeFileSync(
      file,
      ggufBytes({ metadata: { ...tinyConfig('llama'), ...tinyTokenizer, ...more }, tensors }),
    );
    expect(readFileSync(file).length).toBeGreaterThan(640);
    const { weights } = await openGgufModel(file);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const blocks = await weights.readBlocks?.(name);
    if (blocks === undefined) throw new Error('no blocks');
    expect(valuesOf(blocks)).toEqual(await weights.readFloat32(name));
    expect(await weights.readBlocks?.('model.layers.0.self_attn.v_proj.weight')).toBeUndefined();
    await weights.close();
  });
});
