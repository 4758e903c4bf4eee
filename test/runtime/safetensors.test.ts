/** A model folder as Hugging Face has it, without any graph. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ChorusError } from '../../src/protocol/failure.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { modelFolder } from './model-folder.ts';
import { lastRows, openModel } from './opened.ts';

describe('a folder of safetensors', () => {
  it('is built once with progress, then found, and gives the logits of the export', async () => {
    const [folder, cache] = [await modelFolder(), temporaryFolder()];
    const progress: number[] = [];
    const context = Int32Array.from({ length: 100 }, (_, i) => (i * 37) % 4000);
    const built = await openModel(folder, cache, progress);
    expect(progress.length).toBeGreaterThan(6);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const first = await lastRows(built, context, 1);
    await built.dispose();

    const again: number[] = [];
    const found = await openModel(folder, cache, again);
    expect(again).toEqual([]);
    expect(await lastRows(found, context, 1)).toEqual(first);
    await found.dispose();

    const exported = await openModel(pocket('code'), cache);
    const expected = await lastRows(exported, context, 1);
    for (const [i, value] of expected.entries())
      expect(Math.abs(value - (first[i] ?? Number.NaN))).toBeLessThan(1e-3);
    await exported.dispose();
  });

  it('that cannot be built is refused with the reason, and nothing is kept', async () => {
    const [folder, cache] = [await modelFolder(), temporaryFolder()];
    const config = {
      model_type: 'mamba',
      vocab_size: 4096,
      max_position_embeddings: 1024,
      num_hidden_layers: 6,
    };
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ ...config, hidden_size: 256, intermediate_size: 704, num_attention_heads: 4 }),
    );
    const failed = openModel(folder, cache);
    await expect(failed).rejects.toThrow(ChorusError);
    await expect(failed).rejects.toThrow(/mamba/);
    expect(existsSync(join(cache, 'graphs', 'decoder.onnx'))).toBe(false);
  });
});
