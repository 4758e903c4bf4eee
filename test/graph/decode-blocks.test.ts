import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BlockType, decodeBlocksInto } from '../../src/graph/decode-blocks.ts';
import { blockSizes } from '../../src/graph/tensor-bytes.ts';

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/ggml-blocks.json'), 'utf8')) as {
  blocks: Record<BlockType, { bytes: string; values: string }>;
};
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64'));

describe('quantised blocks', () => {
  it.each(Object.entries(golden.blocks) as [BlockType, { bytes: string; values: string }][])(
    'of %s are decoded bit for bit as ggml does',
    (type, { bytes, values }) => {
      const blocks = bytesOf(bytes);
      const expected = new Float32Array(bytesOf(values).buffer);
      expect(blocks.length).toBe(2 * blockSizes[type].bytes);
      const out = new Float32Array(2 * blockSizes[type].values);
      decodeBlocksInto(type, blocks, out);
      expect(new Uint32Array(out.buffer)).toEqual(new Uint32Array(expected.buffer));
    },
  );

  it('of q4_0 hold value i low and value i + 16 high, around 8', () => {
    const block = new Uint8Array(18);
    // 2.0 as float16; codes 0 and 15 in byte 3, 8 and 9 in byte 4.
    block.set([0x00, 0x40, 0x88, 0xf0, 0x98], 0);
    block.fill(0x88, 5);
    const out = new Float32Array(32);
    decodeBlocksInto('q4_0', block, out);
    const expected = new Float32Array(32);
    expected.set([-16, 0], 1);
    expected.set([14, 2], 17);
    expect(out).toEqual(expected);
  });
});
