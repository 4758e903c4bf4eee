import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { draftName } from '../../src/graph/drafts.ts';
import { openSafetensors } from '../../src/graph/safetensors.ts';
import { type MergeOptions, mergeModels } from '../../src/merge/merge.ts';
import { rebuildExpert } from '../../src/merge/rebuild.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { f32, halves, safetensorsBytes } from '../graph/safetensors-bytes.ts';
import { pocket, temporaryFolder } from '../programs.ts';
import { writeAdapter } from '../runtime/adapter-folders.ts';
import { type Toy, toyTensors, writeToy } from './toy-models.ts';

interface Place {
  readonly home: string;
  readonly out: string;
  merge(recipe: string | object, more?: Partial<MergeOptions>): ReturnType<typeof mergeModels>;
}

/** Models a and b, in a folder of their own. */
function place(a: Toy = {}, b: Toy = {}): Place {
  const home = temporaryFolder();
  writeToy(join(home, 'a'), 0, a);
  writeToy(join(home, 'b'), 1, b);
  const out = join(home, 'out');
  return {
    home,
    out,
    merge: (recipe, more = {}) =>
      mergeModels({
        recipe: parseRecipe(typeof recipe === 'string' ? recipe : JSON.stringify(recipe), 'recipe'),
        folderOf: (model) => join(home, model),
        out,
        seed: 0,
        ...more,
      }),
  };
}

const even = {
  merge_method: 'linear',
  models: [{ model: 'a' }, { model: 'b' }],
  parameters: { weight: 1 },
};
const read = async (folder: string, tensor: string, file = 'model.safetensors'): Promise<number[]> => {
  const source = await openSafetensors(join(folder, file));
  try {
    return [...(await source.readFloat32(tensor))];
  } finally {
    await source.close();
  }
};
const json = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));

describe('a merge', () => {
  it('is a model folder that says how it was made, and nothing else is left', async () => {
    const { home, out, merge } = place({ manifest: { name: 'A', licence: 'MIT' } });
    const seen: number[] = [];
    const report = await merge(even, { onProgress: ({ done }) => seen.push(done) });
    expect(await read(out, 'model.norm.weight')).toEqual([3.5, 3.625]);
    expect(report).toMatchObject({ folder: out, tensors: 4, notes: [] });
    expect(report.bytes).toBe(readFileSync(join(out, 'model.safetensors')).length);
    expect(json(out, 'chorus.json')).toMatchObject({
      name: 'out',
      licence: 'MIT',
      merge: { merge_method: 'linear', models: [{ model: 'a' }, { model: 'b' }], parameters: { weight: 1 } },
    });
    expect(json(out, 'config.json')).toMatchObject({ model_type: 'llama', dtype: 'float32' });
    expect(readFileSync(join(out, 'tokenizer.json'))).toEqual(
      readFileSync(join(home, 'a', 'tokenizer.json')),
    );
    expect(readdirSync(home).sort()).toEqual(['a', 'b', 'out']);
    expect([...seen].sort((x, y) => x - y)).toEqual(seen);
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
  });

  it('is the same again, to the byte', async () => {
    const { home, out, merge } = place();
    const dare = {
      merge_method: 'dare_ties',
      base_model: 'a',
      models: [{ model: 'b' }],
      parameters: { weight: 1, density: 0.5 },
    };
    const bytes = (folder: string): Buffer => readFileSync(join(folder, 'model.safetensors'));
    const again = join(home, 'again');
    const other = join(home, 'other');
    await merge(dare);
    await merge(dare, { out: again });
    await merge(dare, { out: other, seed: 1 });
    expect(bytes(again)).toEqual(bytes(out));
    expect(bytes(other)).not.toEqual(bytes(out));
  });

  it.each([
    ['bfloat16', 'BF16', 2 ** -8],
    ['float16', 'F16', 2 ** -11],
    ['float32', 'F32', 0],
  ])('is stored as %s where that is asked for', async (dtype, stored, precision) => {
    const third = 1 / 3;
    const tensors = { ...toyTensors(0), 'model.norm.weight': f32([2], [third, -1000 * third]) };
    const { out, merge } = place({ tensors }, { tensors });
    await merge({ ...even, dtype });
    const [x = 0, y = 0] = await read(out, 'model.norm.weight');
    expect(Math.abs(x / third - 1)).toBeLessThanOrEqual(precision + 1e-7);
    expect(Math.abs(y / (-1000 * third) - 1)).toBeLessThanOrEqual(precision + 1e-7);
    const header = readFileSync(join(out, 'model.safetensors')).subarray(8).toString('latin1');
    expect(header).toContain(`"dtype":"${stored}"`);
    expect(json(out, 'config.json').torch_dtype).toBe(dtype);
  });

  it('is stored as the first model is where nothing is said', async () => {
    const bits = [0x3f80, 0x4000];
    const tensors = { 'model.norm.weight': halves('BF16', bits) };
    const { out, merge } = place({ tensors }, { tensors });
    await merge(even);
    expect(json(out, 'chorus.json').merge.dtype).toBe('bfloat16');
  });

  it('takes the tokenizer of the model that the recipe names', async () => {
    const { out, merge } = place();
    await merge({ ...even, tokenizer_source: 'b' });
    expect(json(out, 'tokenizer_config.json')).toEqual({ chat_template: 'of 1' });
  });

  it('completes as the first of its models that knows fill-in-the-middle', async () => {
    const completion = { promptTokens: 9, infill: { order: 'psm', prefix: 'p', suffix: 's', middle: 'm' } };
    const plain = { name: 'A', completion: { promptTokens: 7 } };
    const { out, merge } = place({ manifest: plain }, { manifest: { name: 'B', completion } });
    await merge(even);
    expect(json(out, 'chorus.json').completion).toEqual(completion);
  });

  const noNorm = { ...toyTensors(1) };
  delete noNorm['model.norm.weight'];
  it.each<[string, Toy, RegExp]>([
    ['another vocabulary', { vocabulary: { a: 0, b: 2, c: 1 } }, /vocabularies differ/],
    [
      'another shape',
      { tensors: { ...toyTensors(1), 'model.norm.weight': f32([3], [1, 2, 3]) } },
      /shapes \[2\] and \[3\]/,
    ],
    ['a tensor less', { tensors: noNorm }, /only the first has the tensor 'model.norm.weight'/],
    [
      'a tensor more',
      { tensors: { ...toyTensors(1), extra: f32([1], [1]) } },
      /only the second has the tensor 'extra'/,
    ],
    [
      'another number of heads',
      { config: { num_attention_heads: 2 } },
      /'num_attention_heads' is 1 in one and 2/,
    ],
    ['another family', { config: { model_type: 'qwen2' } }, /model_type/],
    [
      'a value that is no number',
      { tensors: { ...toyTensors(1), 'model.norm.weight': f32([2], [Number.NaN, 1]) } },
      /NaN/,
    ],
  ])('with %s is refused, and nothing is left', async (_, b, message) => {
    const { home, merge } = place({}, b);
    await expect(merge(even)).rejects.toThrow(message);
    expect(readdirSync(home).sort()).toEqual(['a', 'b']);
  });

  it('says what of the configs differs and is taken from the first', async () => {
    const { out, merge } = place({}, { config: { rope_theta: 1e6 } });
    const { notes } = await merge(even);
    expect(notes).toEqual([expect.stringMatching(/'rope_theta' is 10000 in a and 1000000 in b/)]);
    expect(json(out, 'config.json').rope_theta).toBe(10_000);
  });

  it('overlooks a head that is tied to the embedding', async () => {
    const tensors = { ...toyTensors(1), 'lm_head.weight': f32([3, 2], [1, 2, 3, 4, 5, 6]) };
    const { merge } = place({}, { tensors });
    expect((await merge(even)).tensors).toBe(4);
    const untied = place(
      { config: { tie_word_embeddings: false } },
      { tensors, config: { tie_word_embeddings: false } },
    );
    await expect(untied.merge(even)).rejects.toThrow(/lm_head/);
  });

  it('is refused where the largest float16 is exceeded', async () => {
    const tensors = { ...toyTensors(0), 'model.norm.weight': f32([2], [70_000, 1]) };
    const { merge } = place({ tensors }, { tensors });
    await expect(merge({ ...even, dtype: 'float16' })).rejects.toThrow(/bfloat16 or float32/);
    await merge({ ...even, dtype: 'bfloat16' });
  });

  it.each([
    [{ ...even, parameters: {} }, /gives no 'weight' of a/],
    [
      {
        merge_method: 'linear',
        models: [
          { model: 'a', parameters: { weight: 1 } },
          { model: 'b', parameters: { weight: -1 } },
        ],
      },
      /sum to 0/,
    ],
    [
      { merge_method: 'slerp', base_model: 'a', models: [{ model: 'b' }], parameters: { t: 1.5 } },
      /'t' is 1.5/,
    ],
    [
      {
        merge_method: 'ties',
        base_model: 'a',
        models: [{ model: 'b' }],
        parameters: { weight: 1, density: 0 },
      },
      /'density' is 0/,
    ],
    [
      {
        merge_method: 'linear',
        slices: [{ sources: [{ model: 'a', layer_range: [0, 1] }], parameters: { weight: 1 } }],
      },
      /end at layer 1/,
    ],
    [{ ...even, models: [{ model: 'a' }, { model: 'gone' }] }, /gone/],
  ])('by %j is refused, and nothing is left', async (recipe, message) => {
    const { home, merge } = place();
    await expect(merge(recipe)).rejects.toThrow(message);
    await expect(merge(recipe)).rejects.toBeInstanceOf(ChorusError);
    expect(readdirSync(home).sort()).toEqual(['a', 'b']);
  });
});

describe('the folder of a merge', () => {
  it('replaces nothing that is there, and with force only a merge', async () => {
    const { out, home, merge } = place();
    await merge(even);
    const before = readFileSync(join(out, 'model.safetensors'));
    await expect(merge(even)).rejects.toThrow(/is there already.*--force/);
    await merge({ ...even, dtype: 'bfloat16' }, { force: true });
    expect(readFileSync(join(out, 'model.safetensors'))).not.toEqual(before);
    const other = join(home, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'thesis.txt'), 'mine');
    await expect(merge(even, { out: other, force: true })).rejects.toThrow(/holds no merge/);
    expect(readdirSync(other)).toEqual(['thesis.txt']);
    writeFileSync(join(home, 'file'), '');
    await expect(merge(even, { out: join(home, 'file'), force: true })).rejects.toThrow(/is a file/);
  });

  it('is no input, nor in one, nor around one', async () => {
    const { home, merge } = place();
    for (const out of ['a', 'a/merged', '.']) {
      await expect(merge(even, { out: join(home, out), force: true })).rejects.toThrow(
        /is one of the models/,
      );
    }
  });

  it('is not begun where the disk has too little room', async () => {
    const { home, merge } = place();
    await expect(merge(even, { freeBytes: async () => 1e6 })).rejects.toThrow(/1 MB free/);
    expect(readdirSync(home).sort()).toEqual(['a', 'b']);
    await merge(even, { freeBytes: async () => 1e9 });
  });

  it('is freed of what a merge that was killed left beside it, and of nothing else', async () => {
    const { home, out, merge } = place();
    // No process has so high a number.
    const left = draftName(join(home, '.out')).replace(`-${process.pid}-`, '-99999999-');
    const mine = draftName(join(home, '.out'));
    for (const folder of [left, mine]) mkdirSync(folder);
    await merge(even);
    expect([left, mine, out].map((folder) => existsSync(folder))).toEqual([false, true, true]);
  });

  it('stays as it was when the merge is cancelled in the middle', async () => {
    const { out, home, merge } = place();
    await merge(even);
    const before = readFileSync(join(out, 'model.safetensors'));
    const cancel = new AbortController();
    const options = {
      force: true,
      signal: cancel.signal,
      onProgress: ({ tensor }: { tensor: string }) => {
        if (tensor === 'model.norm.weight') cancel.abort();
      },
    };
    const stopped = merge({ ...even, dtype: 'bfloat16' }, options);
    await expect(stopped).rejects.toMatchObject({ failure: { code: 'cancelled' } });
    expect(readFileSync(join(out, 'model.safetensors'))).toEqual(before);
    expect(readdirSync(home).sort()).toEqual(['a', 'b', 'out']);
  });
});

describe('an adapter', () => {
  it('counts as its base with the product of its two matrices added', async () => {
    const home = temporaryFolder();
    const layers = [0];
    const adapter = writeAdapter(join(home, 'lora'), {
      rank: 2,
      seed: 1,
      layers,
      modules: ['mlp.down_proj'],
    });
    const recipe = (model: string): string =>
      JSON.stringify({
        merge_method: 'linear',
        models: [{ model, parameters: { weight: 1 } }],
        dtype: 'float32',
      });
    const merge = (model: string, out: string) =>
      mergeModels({
        recipe: parseRecipe(recipe(model), 'recipe'),
        folderOf: (name) => (name === 'base' ? pocket('code') : name === 'lora' ? adapter : join(home, name)),
        out: join(home, out),
        seed: 0,
      });
    await merge('base+lora', 'adapted');
    await merge('base', 'plain');
    await expect(merge('lora', 'lost')).rejects.toThrow(/Say where the model is/);
    const name = 'model.layers.0.mlp.down_proj.weight';
    const [with_, without] = [await read(join(home, 'adapted'), name), await read(join(home, 'plain'), name)];
    const prefix = 'base_model.model.model.layers.0.mlp.down_proj';
    const a = await read(adapter, `${prefix}.lora_A.weight`, 'adapter_model.safetensors');
    const b = await read(adapter, `${prefix}.lora_B.weight`, 'adapter_model.safetensors');
    for (const [row, column] of [
      [0, 0],
      [255, 703],
      [17, 401],
    ] as const) {
      // lora_alpha 2 over rank 2.
      const delta = [0, 1].reduce((sum, r) => sum + (b[row * 2 + r] ?? 0) * (a[r * 704 + column] ?? 0), 0);
      const at = row * 704 + column;
      expect(Math.abs((with_[at] ?? 0) - (without[at] ?? 0) - delta)).toBeLessThan(1e-6);
    }
    expect(await read(join(home, 'adapted'), 'model.norm.weight')).toEqual(
      await read(join(home, 'plain'), 'model.norm.weight'),
    );
  });
});

describe('an EMR merge', () => {
  const recipe = { merge_method: 'emr', base_model: 'base', models: [{ model: 'a' }, { model: 'b' }] };

  async function merged() {
    const { home, out, merge } = place();
    const noise = (from: number) =>
      Object.fromEntries(
        Object.entries(toyTensors(0)).map(([name, { shape }]) => {
          const count = shape.reduce((product, size) => product * size, 1);
          return [
            name,
            f32(
              shape,
              Array.from({ length: count }, (_, i) => Math.sin(from + 2.3 * i)),
            ),
          ];
        }),
      );
    writeToy(join(home, 'base'), 0, { tensors: noise(0) });
    writeToy(join(home, 'a'), 0, {
      tensors: noise(1),
      manifest: { name: 'A', completion: { promptTokens: 7 } },
    });
    writeToy(join(home, 'b'), 0, { tensors: noise(2) });
    await merge(recipe);
    return { home, out };
  }

  it('gives each expert back, nearer than the merge is, with its sum of magnitudes', async () => {
    const { home, out } = await merged();
    for (const expert of ['a', 'b']) {
      const again = join(home, `again-${expert}`);
      await rebuildExpert({ folder: out, expert, out: again });
      let [own, rebuilt, gap, mergedGap] = [0, 0, 0, 0];
      for (const name of Object.keys(toyTensors(0))) {
        const [base, a, m, r] = await Promise.all(
          [join(home, 'base'), join(home, expert), out, again].map((folder) => read(folder, name)),
        );
        for (const [i, value] of (a ?? []).entries()) {
          own += Math.abs(value - (base?.[i] ?? 0));
          rebuilt += Math.abs((r?.[i] ?? 0) - (base?.[i] ?? 0));
          gap += (value - (r?.[i] ?? 0)) ** 2;
          mergedGap += (value - (m?.[i] ?? 0)) ** 2;
        }
      }
      expect(Math.abs(rebuilt / own - 1)).toBeLessThan(1e-4);
      expect(gap).toBeLessThan(mergedGap);
    }
    expect(json(join(home, 'again-a'), 'chorus.json')).toMatchObject({
      completion: { promptTokens: 7 },
      merge: { rebuilt: 'a' },
    });
    expect(json(join(home, 'again-b'), 'chorus.json').completion).toBeUndefined();
  });

  it('refuses an expert that it does not hold, and files that do not belong together', async () => {
    const { home, out } = await merged();
    const options = { folder: out, expert: 'a', out: join(home, 'again') };
    await expect(rebuildExpert({ ...options, expert: 'z' })).rejects.toThrow(/there is no z/);
    await expect(rebuildExpert({ ...options, folder: join(home, 'a') })).rejects.toThrow(/merge/);
    const file = join(out, 'emr.safetensors');
    writeFileSync(file, safetensorsBytes({ scales: f32([2], [1, 1]) }));
    await expect(rebuildExpert(options)).rejects.toThrow(/does not belong to the model beside it/);
    writeFileSync(file, readFileSync(file).subarray(0, 40));
    await expect(rebuildExpert(options)).rejects.toBeInstanceOf(ChorusError);
    expect(existsSync(options.out)).toBe(false);
  });
});
