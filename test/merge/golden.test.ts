/** Merges of the pocket experts as mergekit 0.1.4 made them from the same weights. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openExportTensors } from '../../src/graph/export-tensors.ts';
import { openSafetensors } from '../../src/graph/safetensors.ts';
import { mergeModels } from '../../src/merge/merge.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import { pocket, root, temporaryFolder } from '../programs.ts';

interface Described {
  readonly shape: readonly number[];
  readonly norm: number;
  readonly sum: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}
interface Golden {
  readonly tolerance_relative: number;
  readonly methods: Readonly<
    Record<string, { readonly config: object; readonly tensors: Readonly<Record<string, Described>> }>
  >;
}
const golden: Golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'merge.json'), 'utf8'));

const folderOf = (model: string): string => join(root, 'models', model);

type Merged = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

async function merge(config: object): Promise<Merged> {
  const out = join(temporaryFolder(), 'merged');
  await mergeModels({ recipe: parseRecipe(JSON.stringify(config), 'golden'), folderOf, out, seed: 1 });
  const source = await openSafetensors(join(out, 'model.safetensors'));
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const { name, shape } of source.tensors.values()) {
    tensors.set(name, { shape, values: await source.readFloat32(name) });
  }
  await source.close();
  return tensors;
}

/** What two tests look at; the other merges are let go. */
let linear: Promise<Merged> | undefined;
function merged(name: string): Promise<Merged> {
  const config = golden.methods[name]?.config ?? {};
  if (name !== 'linear') return merge(config);
  linear ??= merge(config);
  return linear;
}

const sources = ['general', 'code', 'math'].map((name) => openExportTensors(pocket(name)));

/** Entries of `tensor` whose task vector is as large as the smallest that stays, of either model. */
async function atEdge(tensor: string): Promise<Set<number>> {
  const opened = await Promise.all(sources);
  const [base, ...models] = await Promise.all(opened.map((source) => source.readFloat32(tensor)));
  const found = new Set<number>();
  for (const model of models) {
    const sizes = new Float32Array(model.length);
    for (let i = 0; i < sizes.length; i++) sizes[i] = Math.abs((model[i] as number) - (base?.[i] ?? 0));
    const edge = smallest(sizes, sizes.length - Math.floor(0.9 * sizes.length));
    for (let i = 0; i < sizes.length; i++) if (sizes[i] === edge) found.add(i);
  }
  return found;
}

/** The value of this rank, from 0, among numbers that are not negative: those order as their bits do. */
function smallest(values: Float32Array, rank: number): number | undefined {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const counts = new Uint32Array(65536);
  for (const each of bits) counts[each >>> 16] = (counts[each >>> 16] ?? 0) + 1;
  let before = 0;
  let high = 0;
  for (; before + (counts[high] ?? 0) <= rank; high++) before += counts[high] ?? 0;
  return values
    .filter((_, i) => (bits[i] ?? 0) >>> 16 === high)
    .sort()
    .at(rank - before);
}

/** Three sums over millions of entries, in one loop. */
function sums(values: Float32Array): { readonly sum: number; readonly sizes: number; readonly norm: number } {
  let [sum, sizes, squares] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    sum += value;
    sizes += Math.abs(value);
    squares += value * value;
  }
  return { sum, sizes, norm: Math.sqrt(squares) };
}

describe('merges of the pocket experts', () => {
  it.each(Object.keys(golden.methods))('%s is what mergekit made', async (name) => {
    const { tensors } = golden.methods[name] ?? { tensors: {} as Record<string, Described> };
    const random = name.startsWith('dare');
    const found = await merged(name);
    let left = 0;
    expect([...found.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [key, wanted] of Object.entries(tensors)) {
      const { shape, values } = found.get(key) ?? { shape: [], values: new Float32Array(0) };
      expect(shape).toEqual(wanted.shape);
      // A bias of 128 entries, of which a draw leaves out 13, varies more than a matrix.
      const tolerance = random ? (values.length < 256 ? 0.05 : 0.02) : golden.tolerance_relative;
      const { sum, sizes, norm } = sums(values);
      expect(Math.abs(norm / wanted.norm - 1), `${key}: norm`).toBeLessThan(tolerance);
      if (random) continue;
      // A sum of numbers of both signs may be near 0: what it may differ by is measured by the norm. Where entries are left out by
      // size, thousands are equally large at the edge (bf16 has few values), and which of them stay is anybody's choice.
      const whole = name === 'ties' ? sizes : Math.max(Math.abs(wanted.sum), wanted.norm);
      const slack = tolerance * whole;
      expect(Math.abs(sum - wanted.sum), `${key}: sum`).toBeLessThan(slack);
      const typical = wanted.norm / Math.sqrt(values.length);
      const start = values.length - wanted.last.length;
      const samples = [
        ...wanted.first.map((value, i) => [i, value] as const),
        ...wanted.last.map((value, i) => [start + i, value] as const),
      ];
      const missed = samples.filter(([i, sample]) => {
        const difference = Math.abs((values[i] ?? Number.NaN) - sample);
        return !(difference < tolerance * Math.max(typical, Math.abs(sample)));
      });
      const open = name === 'ties' && missed.length > 0 ? await atEdge(key) : new Set<number>();
      expect(
        missed.filter(([i]) => !open.has(i)),
        key,
      ).toEqual([]);
      left += missed.length;
    }
    // The rest is the same.
    expect(left).toBeLessThan(0.1 * 9 * found.size);
  });

  it('would not pass for one another', async () => {
    const found = await merged('linear');
    const key = 'model.layers.0.mlp.up_proj.weight';
    const { norm } = sums(found.get(key)?.values ?? new Float32Array(0));
    for (const other of ['linear_even', 'slerp', 'ties', 'dare_ties']) {
      const wanted = golden.methods[other]?.tensors[key]?.norm ?? 0;
      expect(Math.abs(norm / wanted - 1)).toBeGreaterThan(golden.tolerance_relative);
    }
  });
});
