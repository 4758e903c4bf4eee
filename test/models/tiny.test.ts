import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/models/catalog.ts';
import { weightOn } from '../../src/models/surface-weight.ts';
import { hasTinyBase, TINY_BASE, tinyExperts, tinyIds, tinyRules } from '../../src/models/tiny.ts';
import type { Surface } from '../../src/protocol/engine.ts';
import { root, temporaryFolder } from '../programs.ts';

const models = join(root, 'models');
const catalog = await readCatalog(models);
/** The ids of the catalogue. */
const names = { base: TINY_BASE, code: 'adapters/smollm2-135m-code', math: 'adapters/smollm2-135m-math' };

describe('the mix Tiny', () => {
  it('is the one of the catalogue', () => {
    const mix = catalog.mixes.find(({ id }) => id === 'tiny');
    const rules = (surface: Surface) => ({
      pool: tinyRules.pool.kind,
      weighting: tinyRules.surfaces?.[surface]?.weighting ?? tinyRules.weighting,
      experts: (['base', 'code', 'math'] as const)
        .map((one) => ({
          model: names[one],
          as: tinyIds[one],
          weight: weightOn(tinyRules, surface, { id: tinyIds[one], weight: 1 }),
        }))
        .filter(({ weight }) => weight > 0),
    });
    expect(mix?.completions).toEqual(rules('completion'));
    expect(mix?.chat).toEqual(rules('chat'));
  });

  it('lies where the adapters are embedded, and its base where it is fetched to', () => {
    const [base, code, math] = tinyExperts({ models: '/m', cache: '/c' });
    expect(base).toEqual({ id: tinyIds.base, folder: join('/c', 'models', names.base) });
    expect(code).toMatchObject({ folder: join('/m', names.code), base: base?.folder });
    expect(math).toMatchObject({ folder: join('/m', names.math), base: base?.folder });
  });

  it('is there when the folder of its base is', () => {
    const cache = temporaryFolder();
    expect(hasTinyBase(cache)).toBe(false);
    mkdirSync(join(cache, 'models', TINY_BASE), { recursive: true });
    expect(hasTinyBase(cache)).toBe(true);
  });

  it('gives all its experts the same prompt, so that one run answers for all', () => {
    const base = catalog.models.find(({ id }) => id === TINY_BASE);
    const style = base?.kind === 'fetched' ? base.completion : undefined;
    expect(style?.promptTokens).toBeGreaterThan(0);
    for (const name of [names.code, names.math]) {
      const { completion } = JSON.parse(readFileSync(join(models, name, 'chorus.json'), 'utf8'));
      expect({ suffixTokens: 0, ...completion }).toEqual(style);
    }
  });
});
