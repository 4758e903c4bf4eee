/** Graphs built from tensors, run: against reference tokens, and experts of one batch against each alone. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptExport } from '../../src/graph/adapt-export.ts';
import type { Adapter } from '../../src/graph/adapter.ts';
import { type BuildOptions, buildDecoder } from '../../src/graph/build-decoder.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import { rewriteExport } from '../../src/graph/rewrite-export.ts';
import { emptyBlocks } from '../../src/graph/stored-blocks.ts';
import type { StoredBlocks, TensorInfo } from '../../src/graph/tensor-source.ts';
import { createWeightsFile } from '../../src/graph/weights-file.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import type { Decoder } from '../../src/runtime/decoder.ts';
import { openGraph } from '../../src/runtime/open-decoder.ts';
import { configOf, exportTensors, sourceOf } from '../graph/export-tensors.ts';
import { folderOfFile, pocket, root, temporaryFolder } from '../programs.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';

type Tensors = ReadonlyMap<string, Float32Array>;
const VOCABULARY = 4096;

async function build(
  tensors: Tensors,
  change: Partial<BuildOptions> = {},
  folder = temporaryFolder(),
): Promise<Decoder> {
  const weights = await createWeightsFile(join(folder, 'weights.bin'));
  const graph = await buildDecoder({
    file: 'pocket',
    config: await configOf('code'),
    source: await sourceOf('code', tensors),
    weights,
    precision: 'fp32',
    contextLength: 1024,
    ...change,
  }).finally(() => weights.close());
  writeFileSync(join(folder, 'decoder.onnx'), graph.model);
  return openGraph(graph, { folder, threads: 1, contextLength: 1024 });
}

const folders = { fp32: folderOfFile(), q4: folderOfFile() };
const built = new Map<'fp32' | 'q4', Promise<Decoder>>();
afterAll(async () => {
  for (const decoder of built.values()) await (await decoder).release();
});

/** The pocket expert as it is, built once for the file. */
async function decoderIn(precision: 'fp32' | 'q4'): Promise<Decoder> {
  const decoder =
    built.get(precision) ?? build(await exportTensors('code'), { precision }, folders[precision]);
  built.set(precision, decoder);
  return decoder;
}

/** Feeds `context` in runs of a block; the logits of every expert after each token from `from` on, [token][expert]. */
async function logits(decoder: Decoder, context: readonly number[], from: number): Promise<Float32Array[][]> {
  const memory = decoder.createMemory();
  const tokens = Int32Array.from(context);
  const all: Float32Array[][] = [];
  for (let start = 0, end = 0; start < tokens.length; start = end) {
    end = decoder.runEnd(start, tokens.length);
    const rows = end - Math.min(end - 1, Math.max(start, from));
    const data = await decoder.feed(memory, tokens.slice(start, end), rows);
    const experts = data.length / rows / VOCABULARY;
    for (let row = 0; row < rows; row++) {
      if (end - rows + row < from) continue;
      all.push(
        Array.from({ length: experts }, (_, expert) => {
          const at = (row * experts + expert) * VOCABULARY;
          return data.slice(at, at + VOCABULARY);
        }),
      );
    }
  }
  return all;
}

function best(row: Float32Array = new Float32Array(1)): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}

/** A model of the first three of the six layers, for what does not depend on there being more. */
async function shortened(
  tensors: Tensors,
): Promise<{ readonly short: Tensors; readonly config: BuildOptions['config'] }> {
  const layers = 3;
  const short = new Map([...tensors].filter(([name]) => !/layers\.[3-5]\./.test(name)));
  const whole = await configOf('code');
  const rotations = whole.rotations.slice(0, layers);
  return { short, config: { ...whole, layers, rotations, windows: whole.windows.slice(0, layers) } };
}

/** The largest difference between two rows; infinite where one is missing. */
function difference(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined) return Number.POSITIVE_INFINITY;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}

const golden = JSON.parse(readFileSync(join(root, 'test/golden/pocket.json'), 'utf8')) as {
  cases: {
    name: string;
    ids: number[];
    experts: Record<string, { greedy: number[]; minGap: number; topLogits: [number, number][] }>;
  }[];
};

/** Products in blocks as q4_1 has them, the embedding as q8_0; and the values that they stand for. */
async function quantised(
  tensors: Tensors,
): Promise<{ readonly values: Tensors; readonly source: BuildOptions['source'] }> {
  const { tensors: infos } = await sourceOf('code', tensors);
  const blocks = new Map<string, StoredBlocks>();
  const values = new Map(tensors);
  for (const [name, weights] of tensors) {
    const [rows = 0, columns] = infos.get(name)?.shape ?? [];
    if (columns === undefined) continue;
    const isTable = name.includes('embed');
    const out = emptyBlocks(rows, columns, isTable ? 8 : 4);
    const rounded = weights.slice();
    for (let b = 0; b < out.scales.length; b++) {
      const block = weights.subarray(32 * b, 32 * b + 32);
      let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = 0; i < 32; i++) {
        least = Math.min(least, block[i] as number);
        greatest = Math.max(greatest, block[i] as number);
      }
      const scale = Math.fround(isTable ? Math.max(-least, greatest) / 127 : (greatest - least) / 15);
      const offset = isTable ? -128 * scale : Math.fround(least);
      out.scales[b] = scale;
      out.offsets[b] = offset;
      for (let i = 0; i < 32; i++) {
        const code = Math.min(isTable ? 255 : 15, Math.round(((block[i] as number) - offset) / scale));
        rounded[32 * b + i] = scale * code + offset;
        if (isTable) out.packed[32 * b + i] = code;
        else {
          const at = 16 * b + (i >> 1);
          out.packed[at] = (out.packed[at] ?? 0) | (code << (4 * (i & 1)));
        }
      }
    }
    blocks.set(name, out);
    values.set(name, rounded);
  }
  const source = await sourceOf('code', values);
  const types = [...source.tensors].map(([name, info]): [string, TensorInfo] => {
    const bits = blocks.get(name)?.bits;
    return [name, bits === undefined ? info : { ...info, type: bits === 8 ? 'q8_0' : 'q4_1' }];
  });
  return {
    values,
    source: { ...source, tensors: new Map(types), readBlocks: async (name) => blocks.get(name) },
  };
}

describe('a decoder built from tensors', () => {
  let tensors: Tensors;
  beforeAll(async () => {
    tensors = await exportTensors('code');
  });

  it('gives the reference logits and tokens in float32', async () => {
    const decoder = await decoderIn('fp32');
    for (const { ids, experts } of golden.cases) {
      const reference = experts.code;
      if (reference === undefined) throw new Error('no reference');
      const rows = await logits(decoder, [...ids, ...reference.greedy.slice(0, -1)], ids.length - 1);
      for (const [id, value] of reference.topLogits)
        expect(Math.abs((rows[0]?.[0]?.[id] ?? 0) - value)).toBeLessThan(2e-3);
      if (reference.minGap > 1e-3) expect(rows.map(([row]) => best(row))).toEqual(reference.greedy);
    }
  });

  it('nearly always gives the reference token in 4 bits', async () => {
    const decoder = await decoderIn('q4');
    let [same, all] = [0, 0];
    for (const { ids, experts } of golden.cases) {
      const tokens = experts.code?.greedy ?? [];
      const rows = await logits(decoder, [...ids, ...tokens.slice(0, -1)], ids.length - 1);
      for (const [i, token] of tokens.entries()) if (best(rows[i]?.[0]) === token) same++;
      all += tokens.length;
    }
    expect(same / all).toBeGreaterThan(0.85);
  });

  it('in 8 bits nearly always gives the token of float32', async () => {
    const context = Array.from({ length: 300 }, (_, i) => (i * 43) % 4000);
    const inEight = await build(tensors, { precision: 'q8' });
    const chosenBy = async (decoder: Decoder): Promise<number[]> =>
      (await logits(decoder, context, 1)).map(([row]) => best(row));
    const [fp32, q8, q4] = [
      await chosenBy(await decoderIn('fp32')),
      await chosenBy(inEight),
      await chosenBy(await decoderIn('q4')),
    ];
    await inEight.release();
    const same = (tokens: readonly number[]): number =>
      tokens.filter((token, i) => token === fp32[i]).length / tokens.length;
    expect(same(q8)).toBeGreaterThan(0.95);
    expect(same(q4)).toBeLessThan(same(q8));
  });

  it('takes the codes of quantised tensors over, nearly as good as in float32', async () => {
    const { short, config } = await shortened(tensors);
    const { values, source } = await quantised(short);
    const context = Array.from({ length: 200 }, (_, i) => (i * 43) % 4000);
    const rowsOf = async (change: Partial<BuildOptions>): Promise<Float32Array[]> => {
      const decoder = await build(values, { config, ...change });
      const rows = await logits(decoder, context, 1);
      await decoder.release();
      return rows.map(([row]) => row ?? new Float32Array(0));
    };
    const expected = await rowsOf({});
    const error = (rows: readonly Float32Array[]): number =>
      rows.reduce((sum, row, i) => sum + difference(row, expected[i]), 0) / rows.length;
    const over = error(await rowsOf({ source, precision: 'q4' }));
    const anew = error(await rowsOf({ precision: 'q4' }));
    expect(over).toBeLessThan(0.4 * anew);
  });

  it('stores a tied embedding once, and reads each tensor once', async () => {
    const folder = temporaryFolder();
    const { short, config } = await shortened(tensors);
    const source = await sourceOf('code', short);
    const sizes = { fp32: 0, q4: 0 };
    for (const precision of ['fp32', 'q4'] as const) {
      const file = join(folder, `${precision}.bin`);
      const weights = await createWeightsFile(file);
      source.read.length = 0;
      const options = { file, config, source, weights, precision };
      await buildDecoder({ ...options, contextLength: 64 });
      await weights.close();
      sizes[precision] = readFileSync(file).length;
      expect(new Set(source.read).size).toBe(source.read.length);
      expect(source.read.length).toBe(short.size);
    }
    const values = [...short.values()].reduce((sum, { length }) => sum + length, 0);
    expect(sizes.fp32).toBeLessThan(4 * values * 1.01);
    // The embedding in 8 bits, the rest in 4, and a float32 scale for every 32.
    expect(sizes.q4).toBeLessThan(values * 0.85);
  });

  it('refuses tensors of another shape, or none, by name', async () => {
    const name = 'model.layers.3.mlp.up_proj.weight';
    const without = new Map(tensors);
    without.delete(name);
    await expect(build(without)).rejects.toThrow(ChorusError);
    await expect(build(without)).rejects.toThrow(name);
    const short = new Map(tensors).set(name, new Float32Array(703 * 256));
    await expect(build(short)).rejects.toThrow(/703,256.*704,256/);
  });
});

describe('adapters over one base', () => {
  const RANK = 3;
  const noise = (length: number, seed: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => 0.2 * Math.sin(seed + i * 1.7 + ((i * i) % 13)));
  const adapter = (modules: readonly (readonly [string, number, number])[], seed: number): Adapter => ({
    rank: RANK,
    scale: 0.5,
    parts: new Map(
      modules.map(([module, outputs, inputs], i) => [
        module,
        {
          module,
          outputs,
          inputs,
          read: async () => ({
            a: noise(RANK * inputs, seed + i),
            b: noise(outputs * RANK, seed + 100 + i),
          }),
        },
      ]),
    ),
    close: async () => {},
  });
  const layer = (i: number) => `model.layers.${i}`;
  const one = adapter(
    [
      [`${layer(0)}.self_attn.q_proj`, 256, 256],
      [`${layer(0)}.self_attn.v_proj`, 128, 256],
      [`${layer(2)}.mlp.gate_proj`, 704, 256],
    ],
    1,
  );
  const two = adapter(
    [
      [`${layer(0)}.self_attn.k_proj`, 128, 256],
      [`${layer(4)}.mlp.down_proj`, 256, 704],
      [`${layer(5)}.self_attn.o_proj`, 256, 256],
    ],
    7,
  );

  /** W + scale B A */
  async function merged(tensors: Tensors, { parts, scale, rank }: Adapter): Promise<Tensors> {
    const result = new Map(tensors);
    for (const [module, { outputs, inputs, read }] of parts) {
      const { a, b } = await read();
      const weight = tensors.get(`${module}.weight`)?.slice() ?? new Float32Array(0);
      for (let n = 0; n < outputs; n++)
        for (let k = 0; k < inputs; k++)
          for (let r = 0; r < rank; r++)
            weight[n * inputs + k] =
              (weight[n * inputs + k] ?? 0) + scale * (b[n * rank + r] ?? 0) * (a[r * inputs + k] ?? 0);
      result.set(`${module}.weight`, weight);
    }
    return result;
  }

  it('give the same over an export as over its tensors', async () => {
    const file = join(pocket('code'), 'onnx', 'model.onnx');
    const export_ = readOnnx(readFileSync(file), 'model.onnx', file);
    const adapters = [one, null, two];
    const adapted = await adaptExport(export_, adapters);
    if (adapted.kind === 'refused') throw new Error(adapted.reason);
    const rewritten = rewriteExport(adapted.model, adapters.length);
    if (rewritten.kind === 'refused') throw new Error(rewritten.reason);
    const folder = join(pocket('code'), 'onnx');
    const overExport = await openGraph(rewritten.graph, { folder, threads: 1, contextLength: 1024 });
    const overTensors = await build(await exportTensors('code'), { adapters });
    const context = Array.from({ length: 70 }, (_, i) => (i * 43) % 4000);
    const [actual, expected] = [
      await logits(overExport, context, 40),
      await logits(overTensors, context, 40),
    ];
    expect(actual).toHaveLength(30);
    for (const [i, rows] of expected.entries()) {
      expect(rows).toHaveLength(3);
      for (const [expert, row] of rows.entries())
        expect(difference(row, actual[i]?.[expert])).toBeLessThan(1e-3);
    }
    await Promise.all([overExport.release(), overTensors.release()]);
  });

  it('that change what an export does not have are refused', async () => {
    const file = join(pocket('code'), 'onnx', 'model.onnx');
    const export_ = readOnnx(readFileSync(file), 'model.onnx', file);
    const outcome = await adaptExport(export_, [adapter([['model.layers.6.mlp.up_proj', 704, 256]], 1)]);
    expect(outcome).toMatchObject({ kind: 'refused', reason: expect.stringContaining('layers.6') });
  });

  it('are rows of one batch, each as if its term were added to the weights', async () => {
    const tensors = await exportTensors('code');
    const context = Array.from({ length: 150 }, (_, i) => (i * 41) % 4000);
    const together = await build(tensors, { adapters: [null, one, two] });
    const all = await logits(together, context, 60);
    const alone = [
      await decoderIn('fp32'),
      await build(await merged(tensors, one)),
      await build(await merged(tensors, two)),
    ];
    for (const [expert, decoder] of alone.entries()) {
      const expected = await logits(decoder, context, 60);
      for (const [i, [row]] of expected.entries()) {
        const [base, actual] = [all[i]?.[0], all[i]?.[expert]];
        // The base in the batch is the base alone, to the last bit; the others are not the base.
        if (expert === 0) expect(difference(row, actual)).toBe(0);
        else {
          expect(difference(row, actual)).toBeLessThan(1e-3);
          expect(difference(base, actual)).toBeGreaterThan(0.1);
        }
      }
      if (expert > 0) await decoder.release();
    }
    await together.release();
  });
});
