/** The rewritten graph against the export as it is, and against itself however a context comes in. */

import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attribute, float, int } from '../../src/graph/onnx.ts';
import { readOnnx } from '../../src/graph/onnx-read.ts';
import { writeOnnx } from '../../src/graph/onnx-write.ts';
import { type LoadedExpert, openExpert } from '../../src/runtime/expert.ts';
import { cacheFolder, pocket, programs, temporaryFolder } from '../programs.ts';
import { lastRows } from './opened.ts';

type Precision = 'fp32' | 'q4';
const open = (folder: string, precision: Precision, keepExport = false): Promise<LoadedExpert> =>
  openExpert({
    name: 'code',
    folder,
    precision,
    keepExport,
    threads: 1,
    workerFile: join(programs, 'worker.js'),
    cacheFolder,
  });

const graphs = { fp32: 'model.onnx', q4: 'model_q4.onnx' } as const;

/** The model with an attribute of its attention set. */
function withAttention(precision: Precision, name: string, value: Attribute): string {
  const folder = temporaryFolder();
  cpSync(pocket('code'), folder, { recursive: true });
  const graph = join(folder, 'onnx', graphs[precision]);
  const model = readOnnx(readFileSync(graph), 'weights.bin', graph);
  renameSync(graph, join(folder, 'onnx', 'weights.bin'));
  const nodes = model.nodes.map((node) =>
    node.operator === 'GroupQueryAttention'
      ? { ...node, attributes: new Map(node.attributes).set(name, value) }
      : node,
  );
  writeFileSync(graph, writeOnnx({ ...model, nodes }));
  return folder;
}

const text = Int32Array.from({ length: 300 }, (_, i) => (i * 37 + ((i * i) % 11)) % 4000);

const sameBits = (a: Float32Array, b: Float32Array | undefined): boolean =>
  b !== undefined && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
const bytesOf = (a: Float32Array): Buffer => Buffer.from(a.buffer, a.byteOffset, a.byteLength);

describe('a graph that is not understood', () => {
  it('is run as it was exported, says why, and gives the logits of the rewritten one', async () => {
    // Scores are capped far above any, so that the logits are those of the model without.
    const [exported, rewritten] = await Promise.all([
      open(withAttention('fp32', 'softcap', float(1e5)), 'fp32'),
      open(pocket('code'), 'fp32'),
    ]);
    expect(rewritten.asExported).toBeUndefined();
    expect(exported.asExported).toMatch(/caps its scores/);
    for (const length of [1, 63, 64, 65, 130, 129, 300]) {
      const context = text.slice(0, length);
      const expected = await lastRows(exported, context, Math.min(length, 3));
      const actual = await lastRows(rewritten, context, Math.min(length, 3));
      for (const [i, value] of expected.entries())
        expect(Math.abs(value - (actual[i] ?? Number.NaN))).toBeLessThan(1e-4);
    }
    await Promise.all([exported.dispose(), rewritten.dispose()]);
  });
});

describe('an export whose attention sees a window', () => {
  it('is rewritten, and gives its own logits however far a context exceeds the window', async () => {
    const folder = withAttention('fp32', 'local_window_size', int(40));
    const [exported, rewritten, whole] = await Promise.all([
      open(folder, 'fp32', true),
      open(folder, 'fp32'),
      open(pocket('code'), 'fp32'),
    ]);
    expect(rewritten.asExported).toBeUndefined();
    const apart = (a: Float32Array, b: Float32Array): number =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);
    for (const length of [39, 40, 41, 42, 64, 65, 130, 300]) {
      const context = text.slice(0, length);
      const [expected, actual, unlike] = [
        await lastRows(exported, context, 1),
        await lastRows(rewritten, context, 1),
        await lastRows(whole, context, 1),
      ];
      expect(apart(expected, actual)).toBeLessThan(1e-4);
      if (length <= 40) expect(apart(actual, unlike)).toBe(0);
      else expect(apart(actual, unlike)).toBeGreaterThan(0.01);
    }
    await Promise.all([exported.dispose(), rewritten.dispose(), whole.dispose()]);
  });
});

describe.each<Precision>(['fp32', 'q4'])('on %s graphs', (precision) => {
  let expert: LoadedExpert;
  /** By length of the context, its last row, each computed by feeding token by token. */
  const alone: Float32Array[] = [];
  beforeAll(async () => {
    expert = await open(pocket('code'), precision);
    for (let length = 1; length <= 200; length++)
      alone[length] = await lastRows(expert, text.slice(0, length), 1);
  });
  afterAll(() => expert.dispose());

  it('a row is the same to the last bit alone, among others, in a chunk, and after going back', async () => {
    const question = fc.record({
      length: fc.integer({ min: 1, max: 200 }),
      rows: fc.integer({ min: 1, max: 64 }),
      forget: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(question, { minLength: 1, maxLength: 5 }), async (questions) => {
        for (const { length, rows: wanted, forget } of questions) {
          if (forget) await expert.forget();
          const count = Math.min(wanted, length);
          const got = await lastRows(expert, text.slice(0, length), count);
          const width = expert.vocabularySize;
          for (let i = 0; i < count; i++) {
            const row = got.subarray(i * width, (i + 1) * width);
            if (!sameBits(row, alone[length - count + 1 + i]))
              throw new Error(`row ${i} of ${count} after ${length} tokens differs`);
          }
        }
      }),
      { numRuns: 12 },
    );
  });

  it('another text in between changes nothing, and another token does (negative control)', async () => {
    await lastRows(
      expert,
      Int32Array.from(text.slice(0, 150), (token, i) => (i < 10 ? token : token + 1)),
      1,
    );
    expect(sameBits(await lastRows(expert, text.slice(0, 150), 1), alone[150])).toBe(true);
    const changed = text.slice(0, 150).fill(7, 20, 21);
    expect(sameBits(await lastRows(expert, changed, 1), alone[150])).toBe(false);
  });
});
