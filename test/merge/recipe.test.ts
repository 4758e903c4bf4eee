import { describe, expect, it } from 'vitest';
import { type Recipe, settingsFor } from '../../src/merge/recipe.ts';
import { parseRecipe } from '../../src/merge/recipe-yaml.ts';
import { ChorusError } from '../../src/protocol/failure.ts';
import { damaged } from '../graph/mutate.ts';

const read = (text: string): Recipe => parseRecipe(text, 'recipe.yml');

const ties = `
merge_method: ties
base_model: base
models:
  - model: base
  - model: a
    parameters:
      density: 0.9
      weight:
        - filter: mlp
          value: [0, 1]
        - value: 0.5
  - model: b
    parameters: {density: 0.5}
parameters:
  weight: 0.25
  normalize: 1.0
  int8_mask: true
dtype: bfloat16
`;

const up = (layer: number): string => `model.layers.${layer}.mlp.up_proj.weight`;

describe('a recipe', () => {
  it("is read with mergekit's names", () => {
    const recipe = read(ties);
    expect(recipe).toMatchObject({ method: 'ties', base: 'base', type: 'bf16', tokenizer: undefined });
    expect(recipe.models.map(({ model }) => model)).toEqual(['base', 'a', 'b']);
    expect(recipe.notes).toEqual([expect.stringContaining('int8_mask')]);
  });

  it('gives each tensor its value: by filter, along the layers, of the model or of all', () => {
    const recipe = read(ties);
    const weight = (tensor: string, model: string): number =>
      settingsFor(recipe, tensor, 5).number('weight', { model });
    expect([0, 1, 2, 4].map((layer) => weight(up(layer), 'a'))).toEqual([0, 0.25, 0.5, 1]);
    expect(weight('model.norm.weight', 'a')).toBe(0.5);
    expect(weight(up(3), 'b')).toBe(0.25);
    expect(settingsFor(recipe, up(0), 5).flag('normalize', false)).toBe(true);
    expect(settingsFor(recipe, up(0), 5).number('lambda', { otherwise: 1 })).toBe(1);
    expect(() => settingsFor(recipe, up(0), 5).number('t', {})).toThrow(/gives no 't'/);
  });

  it('may have slices that leave all layers where they are', () => {
    const recipe = read(`
merge_method: slerp
base_model: a
slices:
  - sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 2]}]
    parameters: {t: 0.2}
  - sources: [{model: a, layer_range: [2, 5]}, {model: b, layer_range: [2, 5]}]
    parameters: {t: [0, 1]}
`);
    const t = (tensor: string): number => settingsFor(recipe, tensor, 5).number('t', {});
    expect([0, 1, 2, 3, 4].map((layer) => t(up(layer)))).toEqual([0.2, 0.2, 0, 0.5, 1]);
    expect(t('model.embed_tokens.weight')).toBe(0.2);
  });

  const two = 'models: [{model: a}, {model: b}]';
  const slices = (...ranges: string[]): string =>
    `merge_method: linear\nslices: [${ranges.map((range) => `{sources: [{model: a, layer_range: ${range}}]}`)}]`;
  it.each([
    [`merge_method: passthrough\n${two}`, /'passthrough' is not supported.*linear/],
    [`merge_method: model_stock\nbase_model: a\n${two}`, /'model_stock' is not supported/],
    [`merge_method: ties\n${two}`, /'base_model', which is missing/],
    [`merge_method: ties\nbase_model: a\nmodels: [{model: a}]`, /no model beside its base_model/],
    [`merge_method: slerp\n${two}`, /'base_model', which is missing/],
    [`merge_method: slerp\nbase_model: a\nmodels: [{model: b}, {model: c}]`, /one other, not 2/],
    [`merge_method: linear\nbase_model: c\n${two}`, /no use for a base_model/],
    [`merge_method: linear\nmodels: [{model: a}, {model: a}]`, /names a twice/],
    [`merge_method: linear\nmodels: []`, /models/],
    [`merge_method: linear`, /names no 'models'/],
    [two, /'merge_method' is missing/],
    [`merge_method: linear\n${two}\nmodules: {text: {}}`, /'modules' is not supported/],
    [`merge_method: linear\n${two}\nchat_template: chatml`, /'chat_template' is not supported/],
    [`merge_method: linear\n${two}\ntokenizer: {source: a, pad_to_multiple_of: 8}`, /'pad_to_multiple_of'/],
    [`merge_method: linear\n${two}\ntokenizer_source: z`, /not among the models/],
    [`merge_method: linear\n${two}\ndtype: int8`, /'int8' is not supported as a type/],
    [`merge_method: linear\n${two}\ncolour: red`, /no setting 'colour'/],
    [`merge_method: linear\n${two}\nparameters: {epsilon: 0.1}`, /'epsilon' is not supported.*takes weight/],
    [`merge_method: linear\n${two}\nparameters: {weight: heavy}`, /weight/],
    [`merge_method: linear\n${two}\nparameters: {weight: .nan}`, /weight/],
    [slices('[0, 4]', '[2, 6]'), /slices\[1\] moves, repeats or leaves out/],
    [slices('[1, 4]'), /slices\[0\]/],
    [slices('[0, 4]', '[5, 6]'), /slices\[1\]/],
    [`${slices('[0, 4]')}\n${two}`, /both 'models' and 'slices'/],
    ['[1, 2]', /does not hold settings/],
    ['', /does not hold settings/],
    ['a: [', /not YAML/],
    ['a: &x [*x]', /merge_method|setting/],
    [`merge_method: linear\n__proto__: {models: [{model: a}]}`, /__proto__|names no/],
  ])('is refused by name: %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(ChorusError);
  });

  it('of many aliases or of great length is refused at once', () => {
    const doubled = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    expect(() => read(`a0: &a0 [x, x]\n${doubled.join('\n')}`)).toThrow(/not YAML|setting|missing/);
    expect(() => read(`# ${'x'.repeat(2 << 20)}`)).toThrow(/characters/);
  });

  it('that was damaged is a recipe or a clear refusal', () => {
    let refused = 0;
    for (const bytes of damaged(Buffer.from(ties), { seed: 5, count: 400 })) {
      try {
        read(bytes.toString('utf8'));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ChorusError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
