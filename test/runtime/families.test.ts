/** Decoders of every family that is built, against transformers at every position, and against themselves however a context comes in. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../src/graph/config.ts';
import type { Decoder } from '../../src/runtime/decoder.ts';
import { openGraph } from '../../src/runtime/open-decoder.ts';
import { type TinyModel, tinyModel, tinyNames, tinyWeight } from '../graph/tiny-models.ts';
import { placeTiny, type TinyOptions } from './tiny-build.ts';
import { allRows, errors, TINY_CONTEXT } from './tiny-rows.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';

const TOLERANCE = 2e-3;

async function build(model: TinyModel, options: TinyOptions = {}): Promise<Decoder> {
  const { graph, folder } = await placeTiny(model, options);
  return openGraph(graph, { folder, threads: 1, contextLength: TINY_CONTEXT });
}

describe.each(tinyNames)('the tiny model %s', (name) => {
  it('gives the logits of transformers at every position', async () => {
    const model = tinyModel(name);
    const decoder = await build(model);
    const found = errors(model, await allRows(decoder, model.tokens));
    await decoder.release();
    expect(found).toHaveLength(model.tokens.length);
    expect(Math.max(...found)).toBeLessThan(TOLERANCE);
  });
});

describe('what makes a family', () => {
  const worst = async (name: string, change: (config: ModelConfig) => ModelConfig): Promise<number[]> => {
    const model = tinyModel(name);
    const decoder = await build(model, { change });
    const found = errors(model, await allRows(decoder, model.tokens));
    await decoder.release();
    return found;
  };

  it.each([
    ['gemma3', 24],
    ['gemma3 with a scaled rotation', 77],
    ['qwen2 with a window', 24],
    ['qwen3 with a window', 24],
    ['mistral', 65],
  ])(
    '%s: without its windows it is another model as soon as the first is full, and not before',
    async (name, window) => {
      const found = await worst(name, (config) => ({ ...config, windows: config.windows.map(() => null) }));
      expect(Math.max(...found.slice(0, window))).toBeLessThan(TOLERANCE);
      expect(found[window]).toBeGreaterThan(5 * TOLERANCE);
      expect(Math.max(...found.slice(window))).toBeGreaterThan(0.1);
    },
  );

  it.each<[string, (config: ModelConfig) => ModelConfig]>([
    ['gemma3', (config) => ({ ...config, windows: config.windows.map((window) => window && window + 1) })],
    ['gemma3', (config) => ({ ...config, localRope: config.rope })],
    ['gemma3', (config) => ({ ...config, activation: 'silu' })],
    ['gemma3', (config) => ({ ...config, normOffset: 0 })],
    ['gemma3', (config) => ({ ...config, embeddingScale: 1 })],
    ['gemma3', (config) => ({ ...config, attentionScale: config.headDim ** -0.5 })],
    ['gemma3', (config) => ({ ...config, qkNorm: false })],
    [
      'gemma3 with a scaled rotation',
      (config) => ({ ...config, rope: { ...config.rope, scaling: { kind: 'none' } } }),
    ],
    [
      'gemma3 with a scaled rotation',
      (config) => ({ ...config, localRope: { ...config.localRope, scaling: config.rope.scaling } }),
    ],
    ['llama3 rotation', (config) => ({ ...config, rope: { ...config.rope, scaling: { kind: 'none' } } })],
    ['linear rotation', (config) => ({ ...config, rope: { ...config.rope, scaling: { kind: 'none' } } })],
    ['yarn rotation', (config) => ({ ...config, rope: { ...config.rope, scaling: { kind: 'none' } } })],
    ['smollm3', (config) => ({ ...config, rotations: config.rotations.map(() => 'global') })],
    ['llama with biases', (config) => ({ ...config, bias: { ...config.bias, feedForward: false } })],
    ['qwen3 with a window', (config) => ({ ...config, bias: { ...config.bias, output: false } })],
  ])('%s is another model with a part of another (negative control %#)', async (name, change) => {
    expect(Math.max(...(await worst(name, change)))).toBeGreaterThan(5 * TOLERANCE);
  });
});

describe.each<'fp32' | 'q4'>(['fp32', 'q4'])('in %s', (precision) => {
  it.each(['gemma3', 'gemma3 with a scaled rotation', 'mistral'])(
    '%s gives a row to the last bit the same alone, among others, and after going back',
    async (name) => {
      const model = tinyModel(name);
      const decoder = await build(model, { precision });
      const alone = await allRows(decoder, model.tokens, 1);
      const step = fc.record({ back: fc.nat(90), count: fc.integer({ min: 1, max: 64 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          const memory = decoder.createMemory();
          for (const { back, count } of steps) {
            memory.truncate(Math.max(0, memory.length - back));
            const start = memory.length;
            const end = Math.min(decoder.runEnd(start, model.tokens.length), start + count);
            if (end === start) continue;
            const tokens = Int32Array.from(model.tokens.slice(start, end));
            const rows = await decoder.feed(memory, tokens, tokens.length);
            const width = rows.length / tokens.length;
            for (let i = 0; i < tokens.length; i++) {
              if (!sameBits(rows.slice(i * width, (i + 1) * width), alone[start + i]))
                throw new Error(`the row after token ${start + i} differs`);
            }
          }
        }),
        { numRuns: 8 },
      );
      await decoder.release();
    },
  );

  it('a window lets a layer see so many positions, and three layers three times as far', async () => {
    const model = tinyModel('mistral');
    const window = 24;
    const change = (config: ModelConfig): ModelConfig => ({
      ...config,
      windows: config.windows.map(() => window),
    });
    const decoder = await build(model, { precision, change });
    const before = await allRows(decoder, model.tokens);
    const other = model.tokens.with(3, 0);
    const after = await allRows(decoder, other);
    await decoder.release();
    const differs = after.map((row, i) => !sameBits(row, before[i]));
    const reach = 3 + 3 * (window - 1);
    expect(differs.indexOf(true)).toBe(3);
    expect(differs.slice(reach + 1)).not.toContain(true);
    if (precision === 'fp32') expect(differs[reach]).toBe(true);
  });
});

describe('adapters over a base with windows', () => {
  it('are rows of one batch, of which the base is the base alone to the last bit', async () => {
    const model = tinyModel('gemma3');
    const module = 'model.layers.4.self_attn.q_proj';
    const [outputs = 0, inputs = 0] = model.shapes[`${module}.weight`] ?? [];
    const read = async () => ({
      a: tinyWeight('a', [2, inputs], 0),
      b: tinyWeight('b', [outputs, 2], 0),
    });
    const parts = new Map([[module, { module, outputs, inputs, read }]]);
    const adapter = { rank: 2, scale: 1, parts, close: async () => {} };
    const { graph, folder } = await placeTiny(model, { adapters: [null, adapter] });
    const together = await openGraph(graph, { folder, threads: 1, contextLength: TINY_CONTEXT });
    const alone = await build(model);
    const rows = await allRows(together, model.tokens, 1);
    const expected = await allRows(alone, model.tokens, 1);
    for (const [i, row] of rows.entries()) {
      const width = row.length / 2;
      if (!sameBits(row.slice(0, width), expected[i])) throw new Error(`the base differs after token ${i}`);
      if (i > 0) expect(sameBits(row.slice(width), expected[i])).toBe(false);
    }
    await Promise.all([together.release(), alone.release()]);
  });
});

function sameBits(a: Float32Array, b: Float32Array | undefined): boolean {
  const bytesOf = (of: Float32Array): Buffer => Buffer.from(of.buffer, of.byteOffset, of.byteLength);
  return b !== undefined && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}
