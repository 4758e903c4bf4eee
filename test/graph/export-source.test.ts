import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openExportTensors } from '../../src/graph/export-tensors.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { exportTensors } from './export-tensors.ts';
import { damaged } from './mutate.ts';

/** A copy of the pocket expert's config with another graph. */
function folderWith(graph: Buffer): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'onnx'));
  copyFileSync(join(pocket('code'), 'config.json'), join(folder, 'config.json'));
  writeFileSync(join(folder, 'onnx', 'model.onnx'), graph);
  return folder;
}
const graphOf = (name: string): Buffer => readFileSync(join(pocket('code'), 'onnx', name));
/** The same number of bytes, so that the file stays what it is but for the name. */
const renamed = (from: string, to: string): Buffer =>
  Buffer.from(graphOf('model.onnx').toString('latin1').replaceAll(from, to), 'latin1');

describe('the tensors of a float32 export', () => {
  it("have Hugging Face's names and shapes, and the values of its constants", async () => {
    const source = await openExportTensors(pocket('code'));
    const wanted = await exportTensors('code');
    expect([...source.tensors.keys()].sort()).toEqual([...wanted.keys()].sort());
    // Bit for bit; an array of a million is compared faster as bytes.
    const bytesOf = (values: Float32Array = new Float32Array(0)) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const expectSame = async (name: string): Promise<void> =>
      expect(bytesOf(await source.readFloat32(name)).equals(bytesOf(wanted.get(name))), name).toBe(true);
    for (const name of [
      'model.embed_tokens.weight',
      'model.norm.weight',
      'model.layers.3.self_attn.k_proj.bias',
    ])
      await expectSame(name);
    for (const part of ['q', 'k', 'v', 'o']) {
      await expectSame(`model.layers.2.self_attn.${part}_proj.weight`);
    }
    const [a, b] = ['gate', 'up'].map((part) => wanted.get(`model.layers.2.mlp.${part}_proj.weight`));
    expect(bytesOf(a).equals(bytesOf(b))).toBe(false);
    expect(source.tensors.get('model.layers.0.mlp.down_proj.weight')?.shape).toEqual([256, 704]);
    expect(source.tensors.get('model.layers.0.self_attn.v_proj.weight')?.shape).toEqual([128, 256]);
  });

  it.each([
    ['quantised weights', () => graphOf('model_q4.onnx'), /quantised/],
    [
      'a name that says nothing',
      () => renamed('mlp.gate_proj.MatMul.weight', 'mlp_gate_proj_MatMul_weight'),
      /says nothing/,
    ],
    [
      'no embedding',
      () => renamed('lm_head.MatMul.weight', 'lm_head.MatMul.wEIght'),
      /says nothing|does not keep/,
    ],
    ['no graph at all', () => Buffer.from('hello, I am a model'), /ONNX|empty/],
  ])('are refused with %s', async (_, graph, message) => {
    const opening = openExportTensors(folderWith(graph()));
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toBeInstanceOf(ChorusError);
  });

  it('of a damaged file are read or refused', async () => {
    // The names and sizes come first in a constant; the values, most of the file, do not decide anything.
    const original = graphOf('model.onnx').subarray(0, 200_000);
    for (const bytes of damaged(original, { seed: 3, count: 25 })) {
      await openExportTensors(folderWith(bytes)).catch((thrown: unknown) => {
        expect(thrown).toBeInstanceOf(ChorusError);
      });
    }
  });
});
