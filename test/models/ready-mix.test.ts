import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CatalogMix, type FetchedModel, readCatalog } from '../../src/models/catalog.ts';
import { estimateMemory, roughMemory } from '../../src/models/memory.ts';
import { bytesOfAll, fractionOfAll, offerOf } from '../../src/models/offer.ts';
import { fetchedOf, missingOf, modelPlaceIn, readyExperts, readyRules } from '../../src/models/ready-mix.ts';
import { weightOn } from '../../src/models/surface-weight.ts';
import type { Surface } from '../../src/protocol/engine.ts';
import { root, temporaryFolder } from '../programs.ts';

const catalog = await readCatalog(join(root, 'models'));
const named = (id: string): CatalogMix => {
  const mix = catalog.mixes.find((one) => one.id === id);
  if (mix === undefined) throw new Error(`no mix ${id}`);
  return mix;
};

describe('the ready mixes of the catalogue', () => {
  it('are those that issue 6 names', () => {
    expect(catalog.mixes.map(({ name }) => name)).toEqual([
      'Pocket',
      'Tiny (SmolLM2)',
      'Small (Qwen2.5 0.5B)',
      'Code + Maths (Qwen2.5 1.5B)',
    ]);
  });

  it('weigh every expert on every surface as the catalogue says, one that is not there by 0', () => {
    for (const mix of catalog.mixes) {
      const rules = readyRules(mix);
      for (const [surface, side] of [
        ['completion', mix.completions],
        ['chat', mix.chat],
      ] as const satisfies [Surface, unknown][]) {
        for (const expert of readyExperts(mix)) {
          const wanted = side.experts.find(({ model }) => model === expert.model)?.weight ?? 0;
          expect(weightOn(rules, surface, expert)).toBe(wanted);
        }
        expect(rules.surfaces?.[surface]?.weighting ?? rules.weighting).toBe(side.weighting);
      }
    }
  });

  it('say what differs on a surface, and nothing where nothing does', () => {
    expect(readyRules(named('pocket'))).toEqual({ pool: { kind: 'linear' }, weighting: 'adaptive' });
    const uneven: CatalogMix = {
      ...named('pocket'),
      completions: { experts: [{ model: 'pocket/code', weight: 3 }], pool: 'linear', weighting: 'fixed' },
    };
    expect(readyRules(uneven).surfaces).toEqual({
      completion: { weights: { 'pocket/code': 3, 'pocket/math': 0 }, weighting: 'fixed' },
    });
  });

  it('of one family alone, so that they can be mixed by tokens', () => {
    for (const mix of catalog.mixes) {
      const models = new Set(readyExperts(mix).map(({ model }) => model));
      const families = catalog.models.filter(({ id }) => models.has(id)).map(({ family }) => family);
      expect(new Set(families).size).toBe(1);
    }
  });

  it('need the models that are fetched, the bases of adapters too, and miss those that are not there', async () => {
    const ids = (mix: string): string[] => fetchedOf(catalog, named(mix)).map(({ id }) => id);
    expect(ids('pocket')).toEqual([]);
    expect(ids('tiny')).toEqual(['smollm2-135m-instruct']);
    expect(ids('code-maths')).toEqual(['qwen2.5-coder-1.5b-instruct', 'qwen2.5-math-1.5b-instruct']);
    const needs = fetchedOf(catalog, named('small'));
    expect(await missingOf(needs, temporaryFolder())).toEqual(needs);
  });

  it('lie where they come along or are fetched to', () => {
    const places = { models: '/m', cache: '/c' };
    expect(modelPlaceIn(catalog, 'pocket/code', places)).toEqual({ folder: join('/m', 'pocket', 'code') });
    expect(modelPlaceIn(catalog, 'adapters/smollm2-135m-code', places)).toEqual({
      folder: join('/m', 'adapters', 'smollm2-135m-code'),
      base: join('/c', 'models', 'smollm2-135m-instruct'),
    });
  });
});

describe('what is said before several models are fetched', () => {
  const models = fetchedOf(catalog, named('code-maths')) as [FetchedModel, FetchedModel];

  it('has one size, one bar, and for each its licence and its memory', () => {
    expect(bytesOfAll(models)).toBe('2.1 GB');
    const bar = [
      fractionOfAll(models, 0, 0),
      fractionOfAll(models, 0, 1),
      fractionOfAll(models, 1, 0),
      fractionOfAll(models, 1, 1),
    ];
    expect([bar[0], bar[3]]).toEqual([0, 1]);
    expect(bar[1]).toBeCloseTo(1_117_320_768 / 2_103_369_600, 6);
    expect(bar[2]).toBe(bar[1]);
    const offer = offerOf(models[0], 'https://hub.example');
    expect(offer).toMatchObject({ memory: 'about 2.5 GB', licence: expect.stringContaining('Apache-2.0') });
  });

  // hidden, intermediate, heads, kvHeads, headDim; layers, vocabulary, parameters
  it.each([
    ['SmolLM2 135M', [576, 1536, 9, 3, 64], 30, 49_152, 134_515_008],
    ['Qwen2.5 1.5B', [1536, 8960, 12, 2, 128], 28, 151_936, 1_543_714_304],
    ['Qwen2.5 7B', [3584, 18_944, 28, 4, 128], 28, 152_064, 7_615_616_512],
    ['Llama 3.2 3B', [3072, 8192, 24, 8, 128], 28, 128_256, 3_212_749_824],
    ['Gemma 3 1B', [1152, 6912, 4, 1, 256], 26, 262_144, 999_885_952],
  ] as const)('the memory of %s is about what the estimate from its files says', (...args) => {
    const [, [hidden, intermediate, heads, kvHeads, headDim], layers, vocabulary, parameters] = args;
    const { total } = estimateMemory(
      {
        format: 'gguf',
        precision: 'q4',
        fileBytes: 0.65 * parameters,
        readBytes: 0,
        tokenizerBytes: 7e6,
        vocabulary,
        contextLength: 8192,
        layers,
        network: { hidden, intermediate, heads, kvHeads, headDim },
      },
      4096,
    );
    expect(roughMemory(parameters) / total).toBeGreaterThan(0.7);
    expect(roughMemory(parameters) / total).toBeLessThan(1.4);
  });
});
