import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pocketMix, tinyMix } from '../../src/cli/mixes.ts';
import { parseGenerate } from '../../src/cli/request.ts';
import { tinyRules } from '../../src/models/tiny.ts';
import type { MixSetting } from '../../src/protocol/engine.ts';

const active = (mix: MixSetting) => mix.experts.filter((expert) => expert.active).map(({ id }) => id);

it('a terminal has the pocket experts to begin with, or Tiny with these to switch on', () => {
  const before = pocketMix('/m');
  expect(active(before)).toEqual(['pocket/code', 'pocket/math']);
  expect(before).not.toHaveProperty('surfaces');
  const mix = tinyMix({ models: '/m', cache: '/c' });
  expect(active(mix)).toEqual(['tiny/base', 'tiny/code', 'tiny/math']);
  expect(mix).toMatchObject(tinyRules);
  expect(mix.experts.map(({ id }) => id)).toContain('pocket/general');
});

it('knows the experts of Tiny by name in a request, and takes any other name for a folder', () => {
  const request = (model: string) =>
    parseGenerate({ experts: [{ model }], prompt: 'a' }, '/m').mix.experts[0];
  const base = request('tiny/base')?.folder ?? '';
  expect(base).toMatch(/models.smollm2-135m-instruct$/);
  expect(request('tiny/code')).toMatchObject({ folder: join('/m', 'adapters', 'smollm2-135m-code'), base });
  expect(request('tiny/other')?.folder).toBe(join(process.cwd(), 'tiny', 'other'));
});
